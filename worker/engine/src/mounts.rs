//! From a container's mounts to what is kept of them, and to what the keeper makes. Pure.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use skep_keeper::config::{Bind, Mount as KeeperMount, Propagation as KeeperPropagation, Recursion as Below};
use skep_model::{Mount, MountKind, Propagation, Recursion, VolumeMount};

use crate::volumes::data_of;

/// A mount of a container, for people and for those who ask who uses a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMount {
    /// `bind`, `volume` or `tmpfs`.
    pub kind: String,
    /// The volume's name; empty of others.
    pub name: String,
    /// The path on the host; empty where there is none.
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// True when the container may not write.
    pub read_only: bool,
    /// How mounts spread, of a bind mount.
    pub propagation: String,
    /// True of a volume that goes with the container.
    pub anonymous: bool,
}

/// What is kept of a mount of the container with this id.
pub(crate) fn stored(container: &str, mount: &Mount, volumes: &Path) -> StoredMount {
    let common =
        StoredMount { target: mount.target.clone(), read_only: mount.read_only, ..StoredMount::default() };
    match &mount.kind {
        MountKind::Bind { source, propagation, .. } => StoredMount {
            kind: "bind".into(),
            source: source.clone(),
            propagation: propagation.to_string(),
            ..common
        },
        MountKind::Volume(volume) => {
            let name = volume_name(container, volume, &mount.target);
            StoredMount {
                kind: "volume".into(),
                source: data_of(volumes, &name).display().to_string(),
                anonymous: volume.name.is_empty(),
                name,
                ..common
            }
        }
        MountKind::Tmpfs { .. } => StoredMount { kind: "tmpfs".into(), ..common },
    }
}

/// The volume of a mount. A container's own one gets a name that follows from the container, so that a second try to make the
/// container finds it again.
pub(crate) fn volume_name(container: &str, volume: &VolumeMount, target: &str) -> String {
    if !volume.name.is_empty() {
        return volume.name.clone();
    }
    let digest = Sha256::digest(format!("volume {container} {target}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the keeper makes of a mount of the container with this id.
pub(crate) fn made(container: &str, mount: &Mount, volumes: &Path) -> KeeperMount {
    let (target, readonly) = (PathBuf::from(&mount.target), mount.read_only);
    match &mount.kind {
        MountKind::Bind { source, propagation, recursion } => {
            let (propagation, propagation_below) = spread(*propagation);
            let recursion = below(*recursion);
            KeeperMount::Bind(Bind {
                readonly,
                recursion,
                propagation,
                propagation_below,
                ..Bind::new(source, target)
            })
        }
        MountKind::Volume(volume) => {
            let source = data_of(volumes, &volume_name(container, volume, &mount.target));
            KeeperMount::Bind(Bind {
                readonly,
                within: PathBuf::from(&volume.subpath),
                fill: !volume.no_copy && volume.subpath.is_empty(),
                ..Bind::new(source, target)
            })
        }
        MountKind::Tmpfs { size_bytes, mode } => KeeperMount::Tmpfs {
            target,
            size_bytes: size_bytes.filter(|&bytes| bytes != 0),
            mode: *mode,
            options: if readonly { vec!["ro".into()] } else { Vec::new() },
        },
    }
}

fn spread(propagation: Propagation) -> (KeeperPropagation, bool) {
    match propagation {
        Propagation::RPrivate => (KeeperPropagation::Private, true),
        Propagation::Private => (KeeperPropagation::Private, false),
        Propagation::RShared => (KeeperPropagation::Shared, true),
        Propagation::Shared => (KeeperPropagation::Shared, false),
        Propagation::RSlave => (KeeperPropagation::Slave, true),
        Propagation::Slave => (KeeperPropagation::Slave, false),
    }
}

fn below(recursion: Recursion) -> Below {
    match recursion {
        Recursion::Enabled | Recursion::ReadOnly => Below::ReadOnly,
        Recursion::Writable => Below::Writable,
        Recursion::Disabled => Below::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_a_folder_that_may_be_filled() {
        let mount = |volume| Mount { target: "/d".into(), kind: MountKind::Volume(volume), read_only: true };
        let named = VolumeMount { name: "data".into(), ..VolumeMount::default() };
        let KeeperMount::Bind(bind) = made("c", &mount(named.clone()), Path::new("/v")) else {
            panic!("a bind")
        };
        assert_eq!((bind.source.to_str(), bind.fill, bind.readonly), (Some("/v/data/_data"), true, true));
        let part = VolumeMount { subpath: "a/b".into(), ..named.clone() };
        let KeeperMount::Bind(bind) = made("c", &mount(part), Path::new("/v")) else { panic!("a bind") };
        assert_eq!((bind.within.to_str(), bind.fill), (Some("a/b"), false));
        let no_copy = VolumeMount { no_copy: true, ..named };
        let KeeperMount::Bind(bind) = made("c", &mount(no_copy), Path::new("/v")) else { panic!("a bind") };
        assert!(!bind.fill);
        let own = stored("c", &mount(VolumeMount::default()), Path::new("/v"));
        assert!(own.anonymous && own.name.len() == 64);
        assert_eq!(own, stored("c", &mount(VolumeMount::default()), Path::new("/v")), "it is found again");
        assert_ne!(own.name, stored("d", &mount(VolumeMount::default()), Path::new("/v")).name);
    }

    #[test]
    fn a_bind_mount_spreads_as_asked() {
        let kind = MountKind::Bind {
            source: "/s".into(),
            propagation: Propagation::Slave,
            recursion: Recursion::Disabled,
        };
        let mount = Mount { target: "/t".into(), kind, read_only: false };
        let KeeperMount::Bind(bind) = made("c", &mount, Path::new("/v")) else { panic!("a bind") };
        assert_eq!(
            (bind.propagation, bind.propagation_below, bind.recursion),
            (KeeperPropagation::Slave, false, Below::None)
        );
        assert_eq!(stored("c", &mount, Path::new("/v")).propagation, "slave");
    }
}
