//! `--mount`: fields with commas between them, as Docker has it.

use skep_rest::{BindOptions, Mount, TmpfsOptions, VolumeDriver, VolumeOptions};

use super::service::flags::fields::{flag, mode, needed, pair, split};

const KNOWN: &str = "use type, source, target, readonly, bind-propagation, bind-recursive, volume-nocopy, volume-subpath, \
                     volume-label, volume-driver, volume-opt, tmpfs-size or tmpfs-mode";

/// Reads one mount; a volume when no type is named.
pub(in crate::commands) fn parse(text: &str) -> Result<Mount, String> {
    let mut mount = Mount { kind: "volume".into(), ..Mount::default() };
    let (mut bind, mut volume, mut tmpfs) = Default::default();
    for field in split(text)? {
        let (key, value) = pair(&field);
        let known = place(&mut mount, &key, value)?
            || bind_option(&mut bind, &key, value)?
            || volume_option(&mut volume, &key, value)?
            || tmpfs_option(&mut tmpfs, &key, value)?;
        if !known {
            return Err(format!("'{key}' is not a field of a mount: {KNOWN}"));
        }
    }
    if mount.target.is_empty() {
        return Err("the path in the container is missing: add target=PATH".into());
    }
    mount.bind_options = (bind != BindOptions::default()).then_some(bind);
    mount.volume_options = (volume != VolumeOptions::default()).then_some(volume);
    mount.tmpfs_options = (tmpfs != TmpfsOptions::default()).then_some(tmpfs);
    skep_model::Mount::try_from(mount.clone()).map_err(|error| error.to_string())?;
    Ok(mount)
}

/// The same in the model's words.
pub(in crate::commands) fn model(text: &str) -> Result<skep_model::Mount, String> {
    parse(text)?.try_into().map_err(|error: skep_rest::Unsupported| error.to_string())
}

fn place(mount: &mut Mount, key: &str, value: Option<&str>) -> Result<bool, String> {
    match key {
        "type" => mount.kind = needed(key, value)?.to_ascii_lowercase(),
        "source" | "src" => mount.source = needed(key, value)?.to_owned(),
        "target" | "dst" | "destination" => mount.target = needed(key, value)?.to_owned(),
        "readonly" | "ro" => mount.read_only = flag(key, value)?,
        // Has no meaning on Linux.
        "consistency" => mount.consistency = needed(key, value)?.to_owned(),
        _ => return Ok(false),
    }
    Ok(true)
}

fn bind_option(bind: &mut BindOptions, key: &str, value: Option<&str>) -> Result<bool, String> {
    match key {
        "bind-propagation" => bind.propagation = needed(key, value)?.to_owned(),
        "bind-nonrecursive" => bind.non_recursive = flag(key, value)?,
        "bind-recursive" => match needed(key, value)? {
            "enabled" => {}
            "disabled" => bind.non_recursive = true,
            "writable" => bind.read_only_non_recursive = true,
            "readonly" => bind.read_only_force_recursive = true,
            other => return Err(format!("'{other}' is not one of enabled, disabled, writable, readonly")),
        },
        _ => return Ok(false),
    }
    Ok(true)
}

fn volume_option(volume: &mut VolumeOptions, key: &str, value: Option<&str>) -> Result<bool, String> {
    let driver = |volume: &mut VolumeOptions| volume.driver_config.take().unwrap_or_default();
    match key {
        "volume-nocopy" => volume.no_copy = flag(key, value)?,
        "volume-subpath" => volume.subpath = needed(key, value)?.to_owned(),
        "volume-label" => {
            let (name, label) = halves(needed(key, value)?);
            volume.labels.get_or_insert_default().insert(name, label);
        }
        "volume-driver" => {
            let name = needed(key, value)?.to_owned();
            volume.driver_config = Some(VolumeDriver { name, ..driver(volume) });
        }
        "volume-opt" => {
            let mut config = driver(volume);
            let (name, option) = halves(needed(key, value)?);
            config.options.get_or_insert_default().insert(name, option);
            volume.driver_config = Some(config);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn tmpfs_option(tmpfs: &mut TmpfsOptions, key: &str, value: Option<&str>) -> Result<bool, String> {
    match key {
        "tmpfs-size" => tmpfs.size_bytes = Some(skep_compose::parse_bytes(needed(key, value)?)?),
        "tmpfs-mode" => tmpfs.mode = Some(mode(key, needed(key, value)?)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn halves(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_others_refused() {
        let bind = parse("type=bind,source=/a,target=/b,readonly,bind-propagation=rslave").unwrap();
        assert_eq!((bind.source.as_str(), bind.target.as_str(), bind.read_only), ("/a", "/b", true));
        let memory = parse("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700").unwrap().tmpfs_options.unwrap();
        assert_eq!((memory.size_bytes, memory.mode), (Some(1 << 20), Some(0o700)));
        let volume =
            parse("source=data,target=/d,volume-nocopy,volume-opt=type=tmpfs,volume-label=a=b").unwrap();
        let options = volume.volume_options.unwrap();
        assert_eq!((volume.kind.as_str(), volume.source.as_str(), options.no_copy), ("volume", "data", true));
        assert_eq!(options.driver_config.unwrap().options.unwrap()["type"], "tmpfs");
        for wrong in [
            "colour=red,target=/x",
            "type=tmpfs,target=/x,tmpfs-mode=x",
            "type=bind,source=/a,target=/b,tmpfs-size=1m",
            "type=nothing,target=/x",
            "source=data",
            "type=tmpfs,source=/a,target=/x",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
