//! The keeper itself: death of either side, the descriptor store, upgrade.

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsFd;
    use std::path::Path;
    use std::time::Duration;

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    use skep_keeper::client::Client;
    use skep_keeper::config::{ContainerConfig, ProcessConfig};
    use skep_keeper::keeper::{Options, run};
    use skep_keeper::log::Stream;
    use skep_keeper::protocol::Status;
    use skep_keeper::{Error, FailureKind};

    use crate::world::{PATIENCE, World, eventually, exited, start, text};

    fn alive(pid: i32) -> bool {
        Path::new(&format!("/proc/{pid}")).exists()
    }

    #[test]
    fn the_clients_death_does_not_matter() {
        let mut world = World::new();
        let config = world.sh("sleep 0.3; echo after; exit 9");
        let mut other = Client::connect(&world.options.socket, PATIENCE).unwrap();
        other.create(&config).unwrap();
        other.start(&config.id).unwrap();
        drop(other);
        eventually("the end", || world.client.inspect(&config.id).unwrap().status == Status::Exited);
        // One that ended before anybody listened is told first.
        let mut events = world.client.subscribe().unwrap();
        assert_eq!(exited(&mut events, &config.id).exit_code, Some(9));
        assert_eq!(text(&config, Stream::Stdout), "after\n");
    }

    #[test]
    fn a_killed_keeper_leaves_nothing() {
        let mut world = World::new();
        let config = world.sh("sleep 1000 & sleep 1000");
        let pid = world.client.create(&config).unwrap();
        world.client.start(&config.id).unwrap();
        let exec = world.client.exec(&config.id, &ProcessConfig::new(["sleep", "1000"]), None).unwrap();
        let waiting = world.config(&["true"]);
        let waiting = world.client.create(&waiting).unwrap();
        assert!(!world.cgroups().is_empty());
        kill(Pid::from_raw(world.client.keeper_pid()), Signal::SIGKILL).unwrap();
        eventually("all processes die", || ![pid, exec.pid, waiting].into_iter().any(alive));
        world.client = start(&world.options);
        assert!(world.cgroups().is_empty());
        assert!(world.client.list().unwrap().is_empty());
        let config = ContainerConfig { process: ProcessConfig::new(["true"]), ..config };
        assert_eq!(world.run(&config).status, Status::Exited, "the id and the socket are free again");
    }

    #[test]
    fn a_second_keeper_is_refused() {
        let world = World::new();
        let refused = run(world.options.clone()).unwrap_err();
        assert!(refused.to_string().contains("already runs"), "{refused}");
        assert!(Client::connect(&world.options.socket, PATIENCE).is_ok());
    }

    #[test]
    fn the_keepers_binary_cannot_be_written_through_proc() {
        use nix::sys::statvfs::{FsFlags, statvfs};
        let mut world = World::new();
        let exe = format!("/proc/{}/exe", world.client.keeper_pid());
        assert!(statvfs(exe.as_str()).unwrap().flags().contains(FsFlags::ST_RDONLY));
        // The command is the runtime itself: it runs, from the read-only mount, and can do no harm.
        let config = world.config(&["/proc/self/exe"]);
        assert_eq!(world.run(&config).exit_code, Some(1));
        assert!(text(&config, Stream::Stderr).contains("--socket is missing"));
    }

    #[test]
    fn groups_of_others_are_not_touched() {
        let mut world = World::new();
        let mut config = world.config(&["true"]);
        config.cgroup_parent = "skep-other".into();
        assert!(matches!(world.client.create(&config), Err(Error::Refused(_))));
        for parent in ["", "..", "/", "a//b", "a/../b"] {
            let dir = tempfile::tempdir().unwrap();
            let options =
                Options { socket: dir.path().join("s"), pid_file: None, cgroup_parents: vec![parent.into()] };
            let binary = Path::new(env!("CARGO_BIN_EXE_skep-keeper"));
            let out = std::process::Command::new(binary).args(options.to_args()).output().unwrap();
            assert!(!out.status.success());
            assert!(String::from_utf8_lossy(&out.stderr).contains("plain names"));
        }
    }

    #[test]
    fn the_socket_is_roots_alone() {
        use std::os::unix::fs::PermissionsExt;
        let world = World::new();
        let mode = std::fs::metadata(&world.options.socket).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn descriptors_are_held_and_given_back() {
        let mut world = World::new();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"kept").unwrap();
        let (read, _write) = std::io::pipe().unwrap();
        world.client.hold_descriptors("dns", &[file.as_fd(), read.as_fd()]).unwrap();
        drop(file);
        for _ in 0..2 {
            let mut other = Client::connect(&world.options.socket, PATIENCE).unwrap();
            let mut taken = other.take_descriptors("dns").unwrap();
            assert_eq!(taken.len(), 2);
            let mut file = File::from(taken.remove(0));
            file.rewind().unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            assert_eq!(text, "kept");
        }
        world.client.drop_descriptors("dns").unwrap();
        match world.client.take_descriptors("dns") {
            Err(Error::Refused(failure)) => assert_eq!(failure.kind, FailureKind::NotFound),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn shutdown_is_refused_while_containers_run() {
        let mut world = World::new();
        let config = world.config(&["sleep", "1000"]);
        let pid = world.client.create(&config).unwrap();
        world.client.start(&config.id).unwrap();
        assert!(matches!(world.client.shutdown(false), Err(Error::Refused(_))));
        world.client.shutdown(true).unwrap();
        assert!(!alive(pid));
        assert!(world.cgroups().is_empty());
        eventually("the socket goes", || !world.options.socket.exists());
    }

    #[test]
    fn an_upgrade_keeps_everything() {
        let mut world = World::new();
        let mut config =
            world.sh("printf be; while [ ! -e /tmp/go ]; do sleep 0.02; done; echo fore; exit 6");
        config.process.stdin_open = true;
        world.start(&config);
        let waiting = world.sh("echo started later");
        world.client.create(&waiting).unwrap();
        let exec = world
            .client
            .exec(
                &config.id,
                &ProcessConfig::new(["sh", "-c", "while [ ! -e /tmp/first ]; do sleep 0.02; done; exit 8"]),
                None,
            )
            .unwrap();
        let file = tempfile::tempfile().unwrap();
        world.client.hold_descriptors("dns", &[file.as_fd()]).unwrap();
        // The unfinished line is in the keeper before the upgrade.
        std::thread::sleep(Duration::from_millis(100));
        let pid = world.client.keeper_pid();
        world.client.upgrade(Path::new(env!("CARGO_BIN_EXE_skep-keeper"))).unwrap();
        let mut client = Client::connect(&world.options.socket, PATIENCE).unwrap();
        assert_eq!(client.keeper_pid(), pid);
        assert_eq!(client.take_descriptors("dns").unwrap().len(), 1);
        let mut events = client.subscribe().unwrap();
        client.start(&waiting.id).unwrap();
        assert_eq!(exited(&mut events, &waiting.id).exit_code, Some(0));
        assert_eq!(text(&waiting, Stream::Stdout), "started later\n");
        client.exec(&config.id, &ProcessConfig::new(["touch", "/tmp/first"]), None).unwrap();
        assert_eq!(client.wait_exec(exec.exec, PATIENCE).unwrap(), 8);
        client.exec(&config.id, &ProcessConfig::new(["touch", "/tmp/go"]), None).unwrap();
        assert_eq!(exited(&mut events, &config.id).exit_code, Some(6));
        assert_eq!(text(&config, Stream::Stdout), "before\n");
        match client.upgrade(Path::new("/does/not/exist")) {
            Err(Error::Refused(_)) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(client.list().unwrap().len(), 2, "a failed upgrade changes nothing");
    }

    #[test]
    fn a_slow_start_does_not_hold_up_others() {
        let mut world = World::new();
        let configs: Vec<_> = (0..8).map(|_| world.sh("echo up; sleep 1000")).collect();
        let socket = world.options.socket.clone();
        std::thread::scope(|scope| {
            for config in &configs {
                let socket = &socket;
                scope.spawn(move || {
                    let mut client = Client::connect(socket, PATIENCE).unwrap();
                    client.create(config).unwrap();
                    client.start(&config.id).unwrap();
                });
            }
        });
        for config in &configs {
            eventually("output", || text(config, Stream::Stdout) == "up\n");
        }
    }

    #[test]
    fn sigterm_ends_everything() {
        let mut world = World::new();
        let config = world.config(&["sleep", "1000"]);
        let pid = world.client.create(&config).unwrap();
        world.client.start(&config.id).unwrap();
        kill(Pid::from_raw(world.client.keeper_pid()), Signal::SIGTERM).unwrap();
        eventually("the socket goes", || !world.options.socket.exists());
        assert!(!alive(pid));
        assert!(world.cgroups().is_empty());
    }

    #[test]
    fn a_moved_log_is_left_alone_after_reopening() {
        let mut world = World::new();
        let config = world.sh("echo one; while [ ! -e /go ]; do sleep 0.02; done; echo two");
        let mut events = world.client.subscribe().unwrap();
        world.start(&config);
        eventually("output", || text(&config, Stream::Stdout) == "one\n");
        std::fs::rename(&config.log.path, config.log.path.with_extension("moved")).unwrap();
        world.client.reopen_log(&config.id).unwrap();
        world.client.exec(&config.id, &ProcessConfig::new(["touch", "/go"]), None).unwrap();
        exited(&mut events, &config.id);
        assert_eq!(text(&config, Stream::Stdout), "two\n");
    }
}
