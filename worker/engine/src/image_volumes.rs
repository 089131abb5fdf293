//! The folders of an image that are to be volumes. Pure.

use std::path::{Component, Path, PathBuf};

use skep_image::Config;
use skep_model::{ContainerSpec, Invalid, Mount, MountKind, VolumeMount, validate_mount_target};

/// Gives a container a volume of its own at each path that its image says, where the spec mounts nothing. It goes with the container:
/// what is to stay is mounted by name.
///
/// # Errors
/// When one of the paths cannot be mounted at.
pub(crate) fn with_image_volumes(mut spec: ContainerSpec, config: &Config) -> Result<ContainerSpec, Invalid> {
    config.volumes.iter().try_for_each(|path| validate_mount_target("the image's VOLUME", path))?;
    let taken: Vec<PathBuf> = spec.mounts.iter().map(|mount| plain(&mount.target)).collect();
    let free = config.volumes.iter().filter(|path| !taken.contains(&plain(path)));
    let own = free.map(|path| Mount {
        target: path.clone(),
        kind: MountKind::Volume(VolumeMount::default()),
        read_only: false,
    });
    spec.mounts.extend(own);
    Ok(spec)
}

/// The path without what does not matter: `/a/./b/` is `/a/b`.
fn plain(path: &str) -> PathBuf {
    Path::new(path).components().filter(|part| *part != Component::CurDir).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mounted_at_the_same_place_wins() {
        let mounts = vec![Mount { target: "/a/b/".into(), kind: MountKind::bind("/x"), read_only: true }];
        let spec = ContainerSpec { mounts: mounts.clone(), ..ContainerSpec::default() };
        let config = Config { volumes: vec!["/a/./b".into(), "/a".into()], ..Config::default() };
        let made = with_image_volumes(spec, &config).unwrap().mounts;
        let own = VolumeMount::default();
        assert_eq!(made[0], mounts[0]);
        assert_eq!((made[1].target.as_str(), made[1].kind.clone()), ("/a", MountKind::Volume(own)));
        assert_eq!(made.len(), 2);
    }

    #[test]
    fn what_no_mount_can_be_at_is_refused() {
        for path in ["data", "/", ""] {
            let config = Config { volumes: vec![path.into()], ..Config::default() };
            let told = with_image_volumes(ContainerSpec::default(), &config).unwrap_err().to_string();
            assert!(told.contains(&format!("VOLUME: '{path}' is not an absolute path below /")), "{told}");
        }
    }
}
