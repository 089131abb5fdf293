//! `--mount`: fields with commas between them, as Docker has it.

use skep_rest::{BindOptions, Mount, TmpfsOptions, VolumeDriver, VolumeOptions};

use crate::commands::pairs;

/// Reads one mount.
pub(super) fn parse(text: &str) -> Result<Mount, String> {
    let mut mount = Mount { kind: "volume".into(), ..Mount::default() };
    let mut tmpfs = TmpfsOptions::default();
    let (mut volume, mut bind) = (VolumeOptions::default(), BindOptions::default());
    for field in text.split(',') {
        let (key, value) = field.split_once('=').unwrap_or((field, "true"));
        match key {
            "type" => mount.kind = value.to_owned(),
            "source" | "src" => mount.source = value.to_owned(),
            "target" | "dst" | "destination" => mount.target = value.to_owned(),
            "readonly" | "ro" => mount.read_only = switch(key, value)?,
            "bind-propagation" => bind.propagation = value.to_owned(),
            "volume-nocopy" => volume.no_copy = switch(key, value)?,
            "volume-subpath" => volume.subpath = value.to_owned(),
            "volume-label" => volume.labels.get_or_insert_default().extend(pairs(&[value.to_owned()])),
            "volume-driver" => driver(&mut volume).name = value.to_owned(),
            "volume-opt" => {
                driver(&mut volume).options.get_or_insert_default().extend(pairs(&[value.to_owned()]))
            }
            "tmpfs-size" => tmpfs.size_bytes = Some(skep_compose::parse_bytes(value)?),
            "tmpfs-mode" => {
                let mode = u32::from_str_radix(value, 8)
                    .map_err(|_| format!("'{value}' is not a mode like 1770"))?;
                tmpfs.mode = Some(mode);
            }
            _ => {
                return Err(format!(
                    "'{key}' is not a field of a mount: use type, source, target, readonly, bind-propagation, volume-nocopy, \
                     volume-subpath, volume-label, volume-driver, volume-opt, tmpfs-size or tmpfs-mode"
                ));
            }
        }
    }
    // The daemon refuses those of another type than the mount's.
    mount.tmpfs_options = (tmpfs != TmpfsOptions::default()).then_some(tmpfs);
    mount.volume_options = (volume != VolumeOptions::default()).then_some(volume);
    mount.bind_options = (bind != BindOptions::default()).then_some(bind);
    Ok(mount)
}

fn driver(volume: &mut VolumeOptions) -> &mut VolumeDriver {
    volume.driver_config.get_or_insert_default()
}

fn switch(key: &str, value: &str) -> Result<bool, String> {
    let wrong = |_| format!("'{value}' is neither true nor false for {key}");
    if value == "1" { Ok(true) } else { value.parse().map_err(wrong) }
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
        let volume = parse("src=data,dst=/d,volume-nocopy,volume-label=a=b,volume-opt=type=nfs").unwrap();
        let options = volume.volume_options.unwrap();
        assert_eq!(
            (volume.kind.as_str(), options.no_copy, &options.labels.unwrap()["a"][..]),
            ("volume", true, "b")
        );
        assert_eq!(options.driver_config.unwrap().options.unwrap()["type"], "nfs");
        for wrong in ["type=bind,ro=maybe", "colour=red", "type=tmpfs,tmpfs-mode=x", "volume-nocopy=x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
