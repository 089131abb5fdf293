use std::path::{Component, Path, PathBuf};

use skep_model::{Mount, MountKind, Propagation, Recursion, VolumeMount};

use super::Setting;
use super::content::mode;
use super::keys::refuse_unknown;
use super::volume_names::VolumeNames;
use crate::reader::{Field, Findings};
use crate::words::parse_bytes;

/// `volumes` of a service.
pub(crate) fn volumes(
    field: &Field<'_>,
    setting: Setting<'_>,
    names: &VolumeNames,
    out: &mut Findings,
) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for item in field.items(out) {
        if item.is_mapping() {
            mounts.extend(long(&item, setting, names, out));
        } else {
            mounts.extend(item.parsed(out, |text| short(text, setting, names)));
        }
    }
    mounts
}

fn short(text: &str, setting: Setting<'_>, names: &VolumeNames) -> Result<Mount, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, options) = match parts.as_slice() {
        [target] => ("", *target, ""),
        [source, target] => (*source, *target, ""),
        [source, target, options] => (*source, *target, *options),
        _ => return Err(format!("'{text}' is not [SOURCE:]TARGET[:ro]")),
    };
    let (mut read_only, mut no_copy, mut propagation) = (false, false, None);
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => read_only = true,
            "rw" => read_only = false,
            "nocopy" => no_copy = true,
            word => {
                let wrong =
                    |_| format!("'{text}': the option '{word}' is not supported: use ro, rw or nocopy");
                propagation = Some(word.parse::<Propagation>().map_err(wrong)?);
            }
        }
    }
    let kind = match host_path(source, setting) {
        Some(source) => {
            let propagation = propagation.unwrap_or_default();
            MountKind::Bind { source, propagation, recursion: Recursion::default() }
        }
        None if propagation.is_some() => {
            return Err(format!("'{text}': propagation is of folders of the node"));
        }
        None => MountKind::Volume(VolumeMount { no_copy, ..volume(source, names)? }),
    };
    Ok(Mount { target: target.to_owned(), kind, read_only })
}

/// A volume that the file declares, or one of the container's own without a name.
fn volume(name: &str, names: &VolumeNames) -> Result<VolumeMount, String> {
    if name.is_empty() { Ok(VolumeMount::default()) } else { names.find(name) }
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
    propagation: Propagation,
    no_copy: bool,
    subpath: String,
    /// The type whose options are given.
    options: Option<&'static str>,
}

const HONOURED: &[&str] = &["type", "source", "target", "read_only", "bind", "volume", "tmpfs"];

fn long(item: &Field<'_>, setting: Setting<'_>, names: &VolumeNames, out: &mut Findings) -> Option<Mount> {
    let before = out.all.len();
    let mut long = Long::default();
    for entry in item.entries(out) {
        match entry.key {
            "type" => long.kind = entry.text(out),
            "source" | "src" => long.source = entry.text(out),
            "target" | "dst" => long.target = entry.text(out),
            "read_only" => long.read_only = entry.switch(out).unwrap_or_default(),
            "tmpfs" => tmpfs(&entry, &mut long, out),
            "bind" => bind(&entry, &mut long, out),
            "volume" => of_volume(&entry, &mut long, out),
            _ => refuse_unknown(&entry, HONOURED, out),
        }
    }
    if out.all.len() > before {
        return None;
    }
    mount(long, setting, names).map_err(|message| item.refuse(out, message)).ok()
}

fn tmpfs(field: &Field<'_>, long: &mut Long, out: &mut Findings) {
    long.options = Some("tmpfs");
    for entry in field.entries(out) {
        match entry.key {
            "size" => long.size_bytes = entry.parsed(out, parse_bytes),
            "mode" => long.mode = entry.parsed(out, mode),
            _ => refuse_unknown(&entry, &["size", "mode"], out),
        }
    }
}

fn bind(field: &Field<'_>, long: &mut Long, out: &mut Findings) {
    long.options = Some("bind");
    for entry in field.entries(out) {
        match entry.key {
            "propagation" => {
                let found = entry.parsed(out, |word| word.parse().map_err(|error| format!("{error}")));
                long.propagation = found.unwrap_or_default();
            }
            _ => refuse_unknown(&entry, &["propagation"], out),
        }
    }
}

fn of_volume(field: &Field<'_>, long: &mut Long, out: &mut Findings) {
    long.options = Some("volume");
    for entry in field.entries(out) {
        match entry.key {
            "nocopy" => long.no_copy = entry.switch(out).unwrap_or_default(),
            "subpath" => long.subpath = entry.text(out).unwrap_or_default(),
            _ => refuse_unknown(&entry, &["nocopy", "subpath"], out),
        }
    }
}

fn mount(long: Long, setting: Setting<'_>, names: &VolumeNames) -> Result<Mount, String> {
    let target = long.target.ok_or("the path in the container is missing: add 'target: /path'")?;
    let kind = long.kind.ok_or("the type is missing: add 'type: volume', 'type: bind' or 'type: tmpfs'")?;
    if let Some(other) = long.options.filter(|other| *other != kind) {
        return Err(format!("'{other}' is for type {other} only: remove it"));
    }
    let kind = match kind.as_str() {
        "bind" => {
            let source = long.source.ok_or("the path on the node is missing: add 'source: /path'")?;
            let absolute = host_path(&source, setting);
            let source =
                absolute.ok_or_else(|| format!("'{source}' is not a path: it must start with /, . or ~"))?;
            MountKind::Bind { source, propagation: long.propagation, recursion: Recursion::default() }
        }
        "tmpfs" if long.source.is_some() => return Err("a tmpfs has no source: remove it".into()),
        "tmpfs" => MountKind::Tmpfs { size_bytes: long.size_bytes, mode: long.mode },
        "volume" => MountKind::Volume(VolumeMount {
            no_copy: long.no_copy,
            subpath: long.subpath,
            ..volume(long.source.as_deref().unwrap_or_default(), names)?
        }),
        other => return Err(format!("type '{other}' is not supported: use volume, bind or tmpfs")),
    };
    Ok(Mount { target, kind, read_only: long.read_only })
}
