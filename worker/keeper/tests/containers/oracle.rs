//! The same container by runc: what a process sees must be the same.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::{Command, Stdio};

    use skep_keeper::config::Rlimit;
    use skep_keeper::oci::config_json;

    use crate::world::World;

    const FACTS: &str = "grep -E '^(Cap|NoNewPrivs|Seccomp:|SigIgn|SigBlk|Umask)' /proc/self/status
        id; env | busybox sort; pwd; hostname; ulimit -a
        ls /proc/self/fd
        for f in null zero full random urandom tty; do stat -c '%n %F %a %t %T' /dev/$f; done
        for f in fd stdin stdout stderr ptmx core; do readlink /dev/$f; done
        busybox sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \\(.[^ ]*\\) \\([^ ]*\\).* - \\([^ ]*\\).*/\\1 \\2 \\3/p' /proc/self/mountinfo | grep -v '^/ ' | busybox sort
        for f in timer_list keys interrupts; do wc -c < /proc/$f; done
        cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range
        unshare -U true; echo $?; mount -t tmpfs x /tmp; echo $?; ip -o addr";

    #[test]
    fn runc_shows_the_same() {
        let Ok(version) = Command::new("runc").arg("--version").stdout(Stdio::null()).status() else {
            assert!(std::env::var_os("SKEP_TEST_NO_SKIP").is_none(), "runc is not installed");
            println!("skipped: runc is not installed (apt-get install runc)");
            return;
        };
        assert!(version.success());
        let mut world = World::new();
        for (user, readonly, no_new_privileges) in [("", false, false), ("web", true, true)] {
            let mut config = world.sh(FACTS);
            config.process.user = user.into();
            config.rootfs.readonly = readonly;
            config.process.no_new_privileges = no_new_privileges;
            config.process.rlimits = vec![Rlimit { name: "nofile".into(), soft: 500, hard: 1000 }];
            config.process.cwd = "/data".into();
            config.resources.pids_max = Some(40);
            let (_, ours) = world.output(&config);
            world.client.delete(&config.id, false).unwrap();
            let theirs = runc(&world, &config);
            assert_eq!(normal(&ours), normal(&theirs), "as {user:?}");
        }
    }

    /// Without what differs and may: access times; the flags of empty directories over masked ones, where ours are
    /// stricter; ignored signals, which runc passes on from whoever calls it.
    fn normal(text: &str) -> Vec<String> {
        let same = |line: &&str| !line.starts_with("SigIgn");
        let plain =
            |line: &str| line.replace(",relatime", "").replace("ro,nosuid,nodev,noexec tmpfs", "ro tmpfs");
        text.lines().filter(same).map(plain).collect()
    }

    fn runc(world: &World, config: &skep_keeper::config::ContainerConfig) -> String {
        let bundle = world.dir.path().join(format!("bundle-{}", config.id));
        fs::create_dir(&bundle).unwrap();
        let mut value = config_json(config, &world.dir.path().join("image")).unwrap();
        value["linux"]["cgroupsPath"] = format!("/{}/runc-{}", config.cgroup_parent, config.id).into();
        fs::write(bundle.join("config.json"), value.to_string()).unwrap();
        let name = format!("skep-oracle-{}-{}", std::process::id(), config.id);
        let state = world.dir.path().join("runc");
        let out = Command::new("runc")
            .args(["--root".as_ref(), state.as_os_str(), "run".as_ref(), "-b".as_ref(), bundle.as_os_str()])
            .arg(&name)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let _ = Command::new("runc").arg("--root").arg(&state).args(["delete", "-f", &name]).output();
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(!text.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
        text
    }
}
