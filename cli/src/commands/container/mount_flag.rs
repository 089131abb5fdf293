//! `--mount`: fields with commas between them, as Docker has it.

use skep_rest::{Mount, TmpfsOptions};

/// Reads one mount.
pub(super) fn parse(text: &str) -> Result<Mount, String> {
    let mut mount = Mount { kind: "bind".into(), ..Mount::default() };
    let mut tmpfs = TmpfsOptions::default();
    for field in text.split(',') {
        let (key, value) = field.split_once('=').unwrap_or((field, "true"));
        match key {
            "type" => mount.kind = value.to_owned(),
            "source" | "src" => mount.source = value.to_owned(),
            "target" | "dst" | "destination" => mount.target = value.to_owned(),
            "readonly" | "ro" => {
                let wrong = || format!("'{value}' is neither true nor false for {key}");
                mount.read_only = if value == "1" { true } else { value.parse().map_err(|_| wrong())? };
            }
            "tmpfs-size" => tmpfs.size_bytes = Some(skep_compose::parse_bytes(value)?),
            "tmpfs-mode" => {
                let mode = u32::from_str_radix(value, 8)
                    .map_err(|_| format!("'{value}' is not a mode like 1770"))?;
                tmpfs.mode = Some(mode);
            }
            _ => {
                return Err(format!(
                    "'{key}' is not a field of a mount: use type, source, target, readonly, tmpfs-size or tmpfs-mode"
                ));
            }
        }
    }
    match mount.kind.as_str() {
        "tmpfs" => mount.tmpfs_options = Some(tmpfs),
        "volume" => return Err("this version of Skep has no volumes: use type=bind or type=tmpfs".into()),
        _ if tmpfs != TmpfsOptions::default() => {
            return Err("tmpfs-size and tmpfs-mode are of type=tmpfs".into());
        }
        _ => {}
    }
    Ok(mount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_others_refused() {
        let bind = parse("type=bind,source=/a,target=/b,readonly").unwrap();
        assert_eq!((bind.source.as_str(), bind.target.as_str(), bind.read_only), ("/a", "/b", true));
        let memory = parse("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700").unwrap().tmpfs_options.unwrap();
        assert_eq!((memory.size_bytes, memory.mode), (Some(1 << 20), Some(0o700)));
        for wrong in
            ["type=volume,source=a,target=/b", "colour=red", "type=tmpfs,tmpfs-mode=x", "tmpfs-size=1m"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
