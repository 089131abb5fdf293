use std::path::{Component, Path, PathBuf};

use skep_model::{Mount, MountKind};

use super::Setting;
use super::keys::refuse_unknown;
use crate::reader::{Field, Findings};
use crate::words::parse_bytes;

const NO_VOLUMES: &str = "volumes are not supported by this version of Skep: mount a folder of the node \
                          (./folder:/path) or memory (type: tmpfs)";

/// `volumes` of type bind and tmpfs.
pub(crate) fn volumes(field: &Field<'_>, setting: Setting<'_>, out: &mut Findings) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for item in field.items(out) {
        if item.is_mapping() {
            mounts.extend(long(&item, setting, out));
        } else {
            mounts.extend(item.parsed(out, |text| short(text, setting)));
        }
    }
    mounts
}

fn short(text: &str, setting: Setting<'_>) -> Result<Mount, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, options) = match parts.as_slice() {
        [source, target] => (*source, *target, ""),
        [source, target, options] => (*source, *target, *options),
        [_] => return Err(format!("'{text}': unnamed {NO_VOLUMES}")),
        _ => return Err(format!("'{text}' is not SOURCE:TARGET[:ro]")),
    };
    let mut read_only = false;
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => read_only = true,
            "rw" => read_only = false,
            _ => return Err(format!("'{text}': the option '{option}' is not supported: use ro or rw")),
        }
    }
    let source = host_path(source, setting).ok_or_else(|| format!("'{source}': named {NO_VOLUMES}"))?;
    Ok(Mount { target: target.to_owned(), kind: MountKind::bind(source), read_only })
}

/// The absolute path that a source names; none when it names a volume.
fn host_path(source: &str, setting: Setting<'_>) -> Option<String> {
    let path = if source == "~" || source.starts_with("~/") {
        Path::new(&(setting.env)("HOME")?).join(source.trim_start_matches('~').trim_start_matches('/'))
    } else if source.starts_with(['.', '/']) {
        setting.base_dir.join(source)
    } else {
        return None;
    };
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean.to_str().map(str::to_owned)
}

#[derive(Default)]
struct Long {
    kind: Option<String>,
    source: Option<String>,
    target: Option<String>,
    read_only: bool,
    size_bytes: Option<u64>,
    mode: Option<u32>,
    options: bool,
}

fn long(item: &Field<'_>, setting: Setting<'_>, out: &mut Findings) -> Option<Mount> {
    let before = out.all.len();
    let mut long = Long::default();
    for entry in item.entries(out) {
        match entry.key {
            "type" => long.kind = entry.text(out),
            "source" | "src" => long.source = entry.text(out),
            "target" | "dst" => long.target = entry.text(out),
            "read_only" => long.read_only = entry.switch(out).unwrap_or_default(),
            "tmpfs" => tmpfs(&entry, &mut long, out),
            _ => refuse_unknown(&entry, &["type", "source", "target", "read_only", "tmpfs"], out),
        }
    }
    if out.all.len() > before {
        return None;
    }
    mount(long, setting).map_err(|message| item.refuse(out, message)).ok()
}

fn tmpfs(field: &Field<'_>, long: &mut Long, out: &mut Findings) {
    long.options = true;
    for entry in field.entries(out) {
        match entry.key {
            "size" => long.size_bytes = entry.parsed(out, parse_bytes),
            "mode" => {
                long.mode = entry.parsed(out, |text| {
                    let digits = text.strip_prefix("0o").unwrap_or(text);
                    let mode = u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o7777);
                    mode.ok_or_else(|| format!("'{text}' is not mode bits in octal, like 1777"))
                });
            }
            _ => refuse_unknown(&entry, &["size", "mode"], out),
        }
    }
}

fn mount(long: Long, setting: Setting<'_>) -> Result<Mount, String> {
    let target = long.target.ok_or("the path in the container is missing: add 'target: /path'")?;
    let kind = match long.kind.as_deref() {
        Some("bind") if long.options => return Err("'tmpfs' is for type tmpfs only: remove it".into()),
        Some("bind") => {
            let source = long.source.ok_or("the path on the node is missing: add 'source: /path'")?;
            let absolute = host_path(&source, setting);
            let source =
                absolute.ok_or_else(|| format!("'{source}' is not a path: it must start with /, . or ~"))?;
            MountKind::bind(source)
        }
        Some("tmpfs") if long.source.is_some() => return Err("a tmpfs has no source: remove it".into()),
        Some("tmpfs") => MountKind::Tmpfs { size_bytes: long.size_bytes, mode: long.mode },
        Some("volume") => return Err(NO_VOLUMES.into()),
        Some(other) => return Err(format!("type '{other}' is not supported: use bind or tmpfs")),
        None => return Err("the type is missing: add 'type: bind' or 'type: tmpfs'".into()),
    };
    Ok(Mount { target, kind, read_only: long.read_only })
}
