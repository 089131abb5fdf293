//! Exit codes, signals, users, rights.

#[cfg(test)]
mod tests {
    use skep_keeper::config::{Network, Rlimit, Seccomp};
    use skep_keeper::log::Stream;
    use skep_keeper::protocol::Status;
    use skep_keeper::{Error, FailureKind};

    use crate::world::{World, eventually, exited, text};

    fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> skep_keeper::Failure {
        match outcome {
            Err(Error::Refused(failure)) => failure,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn exit_codes_and_output() {
        let mut world = World::new();
        let config = world.sh("echo out; echo err >&2; exit 7");
        let record = world.run(&config);
        assert_eq!((record.status, record.exit_code, record.signal), (Status::Exited, Some(7), None));
        assert!(record.started_ns >= Some(record.created_ns) && record.finished_ns >= record.started_ns);
        assert_eq!(text(&config, Stream::Stdout), "out\n");
        assert_eq!(text(&config, Stream::Stderr), "err\n");
        assert_eq!(record.warnings, Vec::<String>::new());
        world.client.delete(&config.id, false).unwrap();
        assert_eq!(world.cgroups(), Vec::<std::path::PathBuf>::new());
        assert_eq!(refusal(world.client.inspect(&config.id)).kind, FailureKind::NotFound);
    }

    #[test]
    fn created_waits_for_start_and_can_be_deleted() {
        let mut world = World::new();
        let config = world.config(&["true"]);
        let pid = world.client.create(&config).unwrap();
        assert!(std::path::Path::new(&format!("/proc/{pid}/ns/net")).exists());
        assert_eq!(world.client.inspect(&config.id).unwrap().status, Status::Created);
        assert_eq!(refusal(world.client.create(&config)).kind, FailureKind::AlreadyExists);
        world.client.delete(&config.id, false).unwrap();
        assert!(world.client.list().unwrap().is_empty());
        assert!(world.cgroups().is_empty());
    }

    #[test]
    fn a_process_that_ignores_sigterm_is_killed() {
        let mut world = World::new();
        let config = world.sh("trap '' TERM; echo ready; while :; do sleep 1; done");
        let mut events = world.client.subscribe().unwrap();
        world.start(&config);
        eventually("ready", || text(&config, Stream::Stdout) == "ready\n");
        world.client.kill(&config.id, libc::SIGTERM, false).unwrap();
        assert_eq!(world.client.inspect(&config.id).unwrap().status, Status::Running);
        world.client.kill(&config.id, libc::SIGKILL, false).unwrap();
        let record = exited(&mut events, &config.id);
        assert_eq!((record.exit_code, record.signal, record.oom_killed), (Some(137), Some(9), false));
        assert_eq!(refusal(world.client.kill(&config.id, 9, false)).kind, FailureKind::WrongState);
    }

    #[test]
    fn sigterm_reaches_a_process_that_wants_it() {
        let mut world = World::new();
        let config = world.sh("trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done");
        let mut events = world.client.subscribe().unwrap();
        world.start(&config);
        eventually("ready", || text(&config, Stream::Stdout) == "ready\n");
        world.client.kill(&config.id, libc::SIGTERM, false).unwrap();
        assert_eq!(exited(&mut events, &config.id).exit_code, Some(5));
    }

    #[test]
    fn commands_that_cannot_run() {
        let mut world = World::new();
        for (command, kind, code) in [
            ("no-such-command", FailureKind::CommandNotFound, 127),
            ("/bin/no-such-command", FailureKind::CommandNotFound, 127),
            ("/bin/not-executable", FailureKind::NotExecutable, 126),
            ("/etc", FailureKind::NotExecutable, 126),
        ] {
            let config = world.config(&[command]);
            world.client.create(&config).unwrap();
            let failure = refusal(world.client.start(&config.id));
            assert_eq!(failure.kind, kind, "{failure}");
            assert!(failure.message.contains(command), "{failure}");
            let record = world.client.inspect(&config.id).unwrap();
            assert_eq!((record.status, record.exit_code), (Status::Exited, Some(code)));
            assert_eq!(record.error, Some(failure));
        }
    }

    #[test]
    fn users() {
        let mut world = World::new();
        for (user, expected) in [
            ("", "uid=0(root) gid=0(root) groups=0(root) /root"),
            ("web", "uid=33(web) gid=34(www) groups=34(www),40(logs) /srv"),
            ("web:root", "uid=33(web) gid=0(root) groups=0(root) /srv"),
            ("1234:99", "uid=1234 gid=99 groups=99 /"),
        ] {
            let mut config = world.sh("echo $(id) $HOME; echo again > /dev/stdout");
            config.process.user = user.into();
            let (code, out) = world.output(&config);
            assert_eq!((code, out.as_str()), (0, format!("{expected}\nagain\n").as_str()));
        }
        let mut config = world.config(&["true"]);
        config.process.user = "nobody-here".into();
        assert_eq!(refusal(world.client.create(&config)).kind, FailureKind::UserNotFound);
        assert!(world.cgroups().iter().all(|path| !path.ends_with(&config.id)));
    }

    fn status_field(status: &str, name: &str) -> String {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().to_owned()
    }

    #[test]
    fn rights_are_dockers() {
        let mut world = World::new();
        let mut config = world.config(&["cat", "/proc/self/status"]);
        let (_, status) = world.output(&config);
        for (name, value) in [
            ("CapEff", "00000000a80425fb"),
            ("CapPrm", "00000000a80425fb"),
            ("CapBnd", "00000000a80425fb"),
            ("CapInh", "0000000000000000"),
            ("CapAmb", "0000000000000000"),
            ("Seccomp", "2"),
            ("NoNewPrivs", "0"),
            ("SigBlk", "0000000000000000"),
            ("SigIgn", "0000000000000000"),
        ] {
            assert_eq!(status_field(&status, name), value, "{name}");
        }
        config = world.config(&["cat", "/proc/self/status"]);
        config.process.no_new_privileges = true;
        config.process.user = "web".into();
        config.process.capabilities.drop = vec!["ALL".into()];
        config.process.capabilities.add = vec!["NET_ADMIN".into()];
        let (_, status) = world.output(&config);
        assert_eq!(status_field(&status, "NoNewPrivs"), "1");
        assert_eq!(status_field(&status, "Seccomp"), "2");
        assert_eq!(status_field(&status, "CapBnd"), "0000000000001000");
        assert_eq!(status_field(&status, "CapEff"), "0000000000000000");
    }

    #[test]
    fn the_filter_refuses_namespaces_and_can_be_left_out() {
        let mut world = World::new();
        let config = world.sh("unshare -U true || echo refused");
        assert_eq!(world.output(&config).1, "refused\n");
        let mut config = world.sh("grep Seccomp: /proc/self/status");
        config.seccomp = Seccomp::Unconfined;
        assert_eq!(world.output(&config).1, "Seccomp:\t0\n");
    }

    #[test]
    fn environment_hostname_limits_and_directory() {
        let mut world = World::new();
        let mut config = world.sh("echo $A $PATH $HOSTNAME; hostname; pwd; ulimit -n; umask; echo $$; cat /proc/net/dev | grep -c :");
        config.process.env = vec!["A=b c".into()];
        config.process.cwd = "/new/place".into();
        config.process.umask = Some(0o027);
        config.hostname = "web-1".into();
        config.process.rlimits = vec![Rlimit { name: "nofile".into(), soft: 99, hard: 99 }];
        let (_, out) = world.output(&config);
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        assert_eq!(out, format!("b c {path} web-1\nweb-1\n/new/place\n99\n0027\n1\n1\n"));
    }

    #[test]
    fn what_the_node_does_not_allow_is_a_warning() {
        let mut world = World::new();
        let mut config = world.config(&["true"]);
        config.process.rlimits = vec![Rlimit { name: "nofile".into(), soft: 1 << 40, hard: 1 << 40 }];
        let record = world.run(&config);
        assert_eq!(record.exit_code, Some(0));
        // A machine whose root may raise limits refuses numbers above fs.nr_open in the same way.
        assert_eq!(record.warnings.len(), 1, "{:?}", record.warnings);
    }

    #[test]
    fn host_network_and_sysctls() {
        let mut world = World::new();
        let mut config =
            world.sh("cat /proc/sys/net/core/somaxconn /proc/sys/net/ipv4/ip_unprivileged_port_start");
        config.sysctls.insert("net.core.somaxconn".into(), "77".into());
        assert_eq!(world.output(&config).1, "77\n0\n");
        let mut config = world.config(&["readlink", "/proc/self/ns/net"]);
        config.network = Network::Host;
        let own = std::fs::read_link("/proc/self/ns/net").unwrap();
        assert_eq!(world.output(&config).1.trim(), own.to_str().unwrap());
        let mut config = world.config(&["true"]);
        config.sysctls.insert("vm.swappiness".into(), "1".into());
        assert_eq!(refusal(world.client.create(&config)).kind, FailureKind::Config);
    }
}
