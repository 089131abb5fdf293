//! Directories of the node that are filled from the image, shown in part, or read-only in part.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    use skep_keeper::config::{Bind, Mount, Recursion};
    use skep_keeper::{Error, FailureKind};

    use crate::world::World;

    fn volume(world: &World, name: &str) -> PathBuf {
        let path = world.dir.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    }

    /// What the image of [`World`] has below `/seed`, with an owner, a link, a pipe and modes.
    fn seed(world: &World) {
        let seed = world.dir.path().join("image/seed");
        fs::create_dir_all(seed.join("deep/er")).unwrap();
        fs::write(seed.join("deep/er/file"), "seeded\n").unwrap();
        fs::write(seed.join("script"), "x").unwrap();
        std::os::unix::fs::chown(seed.join("script"), Some(33), Some(34)).unwrap();
        std::os::unix::fs::chown(&seed, Some(33), Some(34)).unwrap();
        fs::set_permissions(seed.join("script"), fs::Permissions::from_mode(0o4750)).unwrap();
        fs::set_permissions(&seed, fs::Permissions::from_mode(0o1770)).unwrap();
        symlink("/etc/shadow", seed.join("link")).unwrap();
        nix::unistd::mkfifo(&seed.join("pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    }

    fn fill(source: &Path) -> Mount {
        Mount::Bind(Bind { fill: true, ..Bind::new(source, "/seed") })
    }

    #[test]
    fn an_empty_volume_gets_what_the_image_has_and_another_stays_as_it_is() {
        let mut world = World::new();
        seed(&world);
        let (empty, used) = (volume(&world, "empty"), volume(&world, "used"));
        fs::write(used.join("mine"), "").unwrap();
        let mut config = world.sh("cat /seed/deep/er/file; readlink /seed/link; echo more > /seed/more");
        config.mounts = vec![fill(&empty)];
        assert_eq!(world.output(&config), (0, "seeded\n/etc/shadow\n".into()));
        let script = fs::metadata(empty.join("script")).unwrap();
        assert_eq!((script.mode() & 0o7777, script.uid(), script.gid()), (0o4750, 33, 34));
        let root = fs::metadata(&empty).unwrap();
        assert_eq!((root.mode() & 0o7777, root.uid()), (0o1770, 33));
        assert!(fs::symlink_metadata(empty.join("pipe")).unwrap().mode() & libc::S_IFIFO != 0);
        assert_eq!(fs::read_to_string(empty.join("more")).unwrap(), "more\n");
        let mut config = world.sh("ls /seed");
        config.mounts = vec![fill(&used)];
        assert_eq!(world.output(&config), (0, "mine\n".into()));
    }

    #[test]
    fn a_part_of_a_volume_is_shown_and_no_link_leads_out_of_it() {
        let mut world = World::new();
        let data = volume(&world, "data");
        fs::create_dir_all(data.join("a/b")).unwrap();
        fs::write(data.join("a/b/file"), "part\n").unwrap();
        symlink("/a/b", data.join("inside")).unwrap();
        symlink("/etc", data.join("outside")).unwrap();
        let part = |within: &str| Mount::Bind(Bind { within: within.into(), ..Bind::new(&data, "/part") });
        for within in ["a/b", "inside"] {
            let mut config = world.sh("cat /part/file");
            config.mounts = vec![part(within)];
            assert_eq!(world.output(&config), (0, "part\n".into()), "{within}");
        }
        for within in ["missing", "outside", "a/../../../etc"] {
            let mut config = world.sh("ls /part");
            config.mounts = vec![part(within)];
            match world.client.create(&config) {
                Err(Error::Refused(failure)) => {
                    assert_eq!(failure.kind, FailureKind::MountSource, "{failure:?}")
                }
                other => panic!("{within}: {other:?}"),
            }
        }
    }

    #[test]
    fn mounts_below_come_along_as_asked() {
        let mut world = World::new();
        let base = volume(&world, "base");
        fs::create_dir(base.join("sub")).unwrap();
        let sub = base.join("sub");
        rustix::mount::mount("tmpfs", &sub, "tmpfs", rustix::mount::MountFlags::empty(), None).unwrap();
        fs::write(sub.join("there"), "").unwrap();
        let mut seen = Vec::new();
        for recursion in [Recursion::None, Recursion::Writable, Recursion::ReadOnly] {
            let mut config =
                world.sh("ls /base/sub; touch /base/x || echo ro; touch /base/sub/x || echo ro; true");
            config.mounts =
                vec![Mount::Bind(Bind { readonly: true, recursion, ..Bind::new(&base, "/base") })];
            seen.push(world.output(&config).1);
            let _ = fs::remove_file(sub.join("x"));
        }
        rustix::mount::unmount(&sub, rustix::mount::UnmountFlags::DETACH).unwrap();
        assert_eq!(seen, ["ro\nro\n", "there\nro\n", "there\nro\nro\n"]);
    }
}
