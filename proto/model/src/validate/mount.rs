use std::collections::BTreeSet;

use crate::template::is_template;
use crate::{Invalid, Labels, Mount, MountKind, Recursion, VolumeMount};

/// Checks mounts, each alone and against each other.
pub(super) fn validate_mounts(mounts: &[Mount]) -> Result<(), Invalid> {
    let mut targets = BTreeSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        validate_mount(mount).map_err(|error| error.within(&format!("mounts[{index}]")))?;
        if !targets.insert(mount.target.trim_end_matches('/')) {
            let reason = format!("duplicate mount point: {}", mount.target);
            return Err(Invalid::new(format!("mounts[{index}].target"), reason));
        }
    }
    Ok(())
}

fn validate_mount(mount: &Mount) -> Result<(), Invalid> {
    validate_mount_target("target", &mount.target)?;
    match &mount.kind {
        MountKind::Bind { source, .. } if !absolute(source) && !is_template(source) => {
            Err(Invalid::new("source", format!("'{source}' is not an absolute path on the node")))
        }
        MountKind::Bind { recursion: Recursion::Writable | Recursion::ReadOnly, .. } if !mount.read_only => {
            let reason = "it says how far a mount is read-only, but the mount is not read-only";
            Err(Invalid::new("recursion", reason))
        }
        MountKind::Volume(volume) => validate_volume(volume),
        MountKind::Tmpfs { mode: Some(mode), .. } if *mode > 0o7777 => {
            Err(Invalid::new("mode", format!("'{mode:o}' are no mode bits of a file")))
        }
        MountKind::Bind { .. } | MountKind::Tmpfs { .. } => Ok(()),
    }
}

/// Checks where something is mounted in a container.
///
/// # Errors
/// When it is not an absolute path below /.
pub fn validate_mount_target(field: &str, target: &str) -> Result<(), Invalid> {
    if !absolute(target) || target.trim_end_matches('/').is_empty() {
        return Err(Invalid::new(field, format!("'{target}' is not an absolute path below /")));
    }
    Ok(())
}

fn absolute(path: &str) -> bool {
    path.starts_with('/') && !path.contains('\0')
}

fn validate_volume(volume: &VolumeMount) -> Result<(), Invalid> {
    if !volume.name.is_empty() && !is_template(&volume.name) {
        validate_volume_name("source", &volume.name)?;
    }
    if !matches!(volume.driver.as_str(), "" | "local") {
        let reason = format!("'{}' is not a volume driver that nodes have: they have local", volume.driver);
        return Err(Invalid::new("driver", reason));
    }
    validate_volume_options("options", &volume.options)?;
    let path = std::path::Path::new(&volume.subpath);
    let leaves = path.components().any(|part| !matches!(part, std::path::Component::Normal(_)));
    if leaves || volume.subpath.contains('\0') {
        let reason = format!("'{}' is not a relative path that stays inside the volume", volume.subpath);
        return Err(Invalid::new("subpath", reason));
    }
    Ok(())
}

/// Checks a volume's name, in Docker's words.
///
/// # Errors
/// With `path` and what to change.
pub fn validate_volume_name(path: &str, name: &str) -> Result<(), Invalid> {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let begins = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if begins && name.len() <= 255 && name.chars().all(inner) {
        return Ok(());
    }
    let reason = format!(
        "\"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed, at \
         most 255 of them. If you intended to pass a host directory, use absolute path"
    );
    Err(Invalid::new(path, reason))
}

/// Checks the options of a volume of the driver `local`, in Docker's words.
///
/// # Errors
/// With `path` and what to change.
pub fn validate_volume_options(path: &str, options: &Labels) -> Result<(), Invalid> {
    let known = ["type", "device", "o"];
    if let Some(key) = options.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(Invalid::new(
            path,
            format!("invalid option: \"{key}\": a local volume has type, device and o"),
        ));
    }
    match ["device", "type"].into_iter().find(|key| !options.contains_key(*key)) {
        Some(key) if !options.is_empty() => {
            Err(Invalid::new(path, format!("missing required option: \"{key}\"")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_that_cannot_work_are_refused() {
        let bind = |target: &str, source: &str| Mount {
            target: target.into(),
            kind: MountKind::bind(source),
            read_only: false,
        };
        let volume =
            |volume| Mount { target: "/d".into(), kind: MountKind::Volume(volume), read_only: false };
        let named = |name: &str| VolumeMount { name: name.into(), ..VolumeMount::default() };
        assert_eq!(validate_mounts(&[bind("/a", "/x"), bind("/b", "/x{{.Task.Slot}}")]), Ok(()));
        for good in [named(""), named("data.1"), named("d-{{.Task.Slot}}")] {
            assert_eq!(validate_mounts(&[volume(good)]), Ok(()));
        }
        let below = |subpath: &str| VolumeMount { subpath: subpath.into(), ..named("data") };
        assert_eq!(validate_mounts(&[volume(below("a/b"))]), Ok(()));
        for bad in [
            vec![bind("/a", "/x"), bind("/a/", "/y")],
            vec![bind("/", "/x")],
            vec![bind("/a", "x")],
            vec![volume(named("a b"))],
            vec![volume(named("-x"))],
            vec![volume(below("../x"))],
            vec![volume(below("/x"))],
            vec![volume(VolumeMount {
                options: [("o".to_owned(), "ro".to_owned())].into(),
                ..named("data")
            })],
            vec![volume(VolumeMount { options: [("x".to_owned(), "y".to_owned())].into(), ..named("data") })],
            vec![volume(VolumeMount { driver: "nfs".into(), ..named("data") })],
            vec![Mount {
                target: "/t".into(),
                kind: MountKind::Tmpfs { size_bytes: None, mode: Some(0o10000) },
                read_only: false,
            }],
        ] {
            assert!(validate_mounts(&bad).is_err(), "{bad:?}");
        }
    }
}
