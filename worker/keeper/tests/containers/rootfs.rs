//! What a container sees.

#[cfg(test)]
mod tests {
    use std::fs;

    use skep_keeper::config::{Bind, Mount, Propagation};
    use skep_keeper::{Error, FailureKind};

    use crate::world::World;

    fn bind(source: &std::path::Path, target: &str, readonly: bool) -> Mount {
        Mount::Bind(Bind { readonly, ..Bind::new(source, target) })
    }

    #[test]
    fn changes_go_to_the_upper_layer_and_nothing_stays_mounted() {
        let mut world = World::new();
        let config = world.sh("cat /data/file; echo new > /data/file; ls /");
        let (code, out) = world.output(&config);
        assert_eq!(code, 0);
        assert!(out.starts_with("from the image\n") && out.contains("proc"), "{out}");
        assert_eq!(fs::read_to_string(config.rootfs.upper.join("data/file")).unwrap(), "new\n");
        assert_eq!(fs::read_to_string(world.dir.path().join("image/data/file")).unwrap(), "from the image\n");
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(world.dir.path().to_str().unwrap()));
    }

    #[test]
    fn read_only_root_with_a_place_to_write() {
        let mut world = World::new();
        let mut config =
            world.sh("touch /x || echo refused; touch /scratch/y && stat -c %a /scratch; touch /dev/shm/z");
        config.rootfs.readonly = true;
        config.mounts.push(Mount::Tmpfs {
            target: "/scratch".into(),
            size_bytes: Some(1 << 20),
            mode: Some(0o1750),
            options: vec!["exec".into()],
        });
        assert_eq!(world.output(&config), (0, "refused\n1750\n".into()));
    }

    #[test]
    fn tmpfs_has_its_size() {
        let mut world = World::new();
        let mut config =
            world.sh("dd if=/dev/zero of=/t/f bs=1024 count=2048 2>/dev/null || stat -c %s /t/f");
        config.mounts.push(Mount::Tmpfs {
            target: "/t".into(),
            size_bytes: Some(1 << 20),
            mode: None,
            options: Vec::new(),
        });
        assert_eq!(world.output(&config).1, "1048576\n");
    }

    #[test]
    fn bind_mounts_of_files_and_directories() {
        let mut world = World::new();
        let shared = world.dir.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::write(shared.join("in"), "hello\n").unwrap();
        let script = "cat /etc/deep/conf; cat /s/in; echo out > /s/out; echo x > /ro/x || echo refused; touch /etc/deep/conf";
        let mut config = world.sh(script);
        config.mounts = vec![
            bind(&shared.join("in"), "/etc/deep/conf", true),
            bind(&shared, "/s", false),
            bind(&shared, "/ro", true),
        ];
        let (code, out) = world.output(&config);
        assert_eq!((code, out.as_str()), (1, "hello\nhello\nrefused\n"));
        assert_eq!(fs::read_to_string(shared.join("out")).unwrap(), "out\n");
    }

    #[test]
    fn a_link_in_the_image_does_not_lead_a_mount_out() {
        let mut world = World::new();
        let outside = world.dir.path().join("outside");
        fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, world.dir.path().join("image/escape")).unwrap();
        let mut config = world.sh("ls /escape/");
        let shared = world.dir.path().join("shared");
        fs::create_dir_all(shared.join("seen")).unwrap();
        config.mounts = vec![bind(&shared, "/escape/here", false)];
        assert_eq!(world.output(&config).1, "here\n");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }

    #[test]
    fn a_missing_source_is_named() {
        let mut world = World::new();
        let mut config = world.config(&["true"]);
        config.mounts = vec![bind("/does/not/exist".as_ref(), "/data", false)];
        match world.client.create(&config) {
            Err(Error::Refused(failure)) => {
                assert_eq!(failure.kind, FailureKind::MountSource);
                assert_eq!(
                    failure.message,
                    "invalid mount config for type \"bind\": bind source path does not exist: /does/not/exist"
                );
            }
            other => panic!("{other:?}"),
        }
        assert!(world.client.list().unwrap().is_empty());
        let mut config = world.config(&["true"]);
        config.rootfs.lower.push("/does/not/exist".into());
        match world.client.create(&config) {
            Err(Error::Refused(failure)) => assert_eq!(failure.kind, FailureKind::RootFs),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn slave_mounts_follow_the_node_and_private_ones_do_not() {
        // Needs a shared mount on the node: made and unmounted here, seen by nobody else's paths.
        let mut world = World::new();
        let base = world.dir.path().join("base");
        fs::create_dir_all(&base).unwrap();
        let tmp = Unmount::tmpfs(&base, true);
        let mut config =
            world.sh("while [ ! -e /slave/go ]; do sleep 0.02; done; ls /slave/sub /private/sub");
        fs::create_dir_all(base.join("sub")).unwrap();
        let mount = |target, propagation| Mount::Bind(Bind { propagation, ..Bind::new(&base, target) });
        config.mounts = vec![mount("/slave", Propagation::Slave), mount("/private", Propagation::Private)];
        let mut events = world.client.subscribe().unwrap();
        world.start(&config);
        let sub = Unmount::tmpfs(&base.join("sub"), false);
        fs::write(base.join("sub/later"), "").unwrap();
        fs::write(base.join("go"), "").unwrap();
        crate::world::exited(&mut events, &config.id);
        drop((sub, tmp));
        let out = crate::world::text(&config, skep_keeper::log::Stream::Stdout);
        assert_eq!(out.lines().collect::<Vec<_>>(), ["/private/sub:", "", "/slave/sub:", "later"]);
    }

    struct Unmount(std::path::PathBuf);

    impl Unmount {
        fn tmpfs(path: &std::path::Path, shared: bool) -> Self {
            use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
            mount("tmpfs", path, "tmpfs", MountFlags::empty(), None).unwrap();
            let unmount = Self(path.to_owned());
            if shared {
                mount_change(path, MountPropagationFlags::SHARED).unwrap();
            }
            unmount
        }
    }

    impl Drop for Unmount {
        fn drop(&mut self) {
            let _ = rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::DETACH);
        }
    }

    #[test]
    fn masked_and_protected_paths() {
        let mut world = World::new();
        let script = "wc -c < /proc/interrupts; ls /sys/firmware | wc -l; echo 1 > /proc/sys/kernel/domainname || echo refused;
            echo x > /sys/kernel/x || echo refused; echo h > /proc/sysrq-trigger || echo refused";
        let config = world.sh(script);
        assert_eq!(world.output(&config).1, "0\n0\nrefused\nrefused\nrefused\n");
    }

    #[test]
    fn device_nodes() {
        let mut world = World::new();
        let script = "for d in null zero full random urandom tty; do [ -c /dev/$d ] || echo no $d; done; ls /dev/pts /dev/shm;
            echo x > /dev/null; head -c 3 /dev/zero | wc -c; readlink /dev/fd; readlink /dev/ptmx; stat -c %a /dev/null /dev/shm;
            busybox mknod /tmp/sda b 8 0 && head -c 1 /tmp/sda || echo refused";
        let config = world.sh(script);
        let expected = "/dev/pts:\nptmx\n\n/dev/shm:\n3\n/proc/self/fd\npts/ptmx\n666\n1777\nrefused\n";
        assert_eq!(world.output(&config).1, expected);
    }

    #[test]
    fn a_device_of_the_node() {
        let mut world = World::new();
        let mut config =
            world.sh("head -c 4 /dev/disks/mine | wc -c; echo x > /dev/disks/mine && echo written");
        config.devices = vec![skep_keeper::config::Device {
            host_path: "/dev/zero".into(),
            path: "/dev/disks/mine".into(),
            access: "rwm".into(),
        }];
        assert_eq!(world.output(&config), (0, "4\nwritten\n".into()));
    }
}
