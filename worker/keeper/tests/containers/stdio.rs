//! Logs, exec, attach, terminals.

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::OwnedFd;

    use skep_keeper::client::AttachedEvent;
    use skep_keeper::config::ProcessConfig;
    use skep_keeper::log::Stream;
    use skep_keeper::{Error, FailureKind};

    use crate::world::{PATIENCE, World, eventually, exited, lines, text};

    #[test]
    fn rotation_keeps_the_newest() {
        let mut world = World::new();
        let mut config = world.sh("i=0; while [ $i -lt 500 ]; do echo line-$i; i=$((i+1)); done");
        config.log.size_max_bytes = 4096;
        config.log.files_max = 3;
        world.run(&config);
        let kept = lines(&config);
        assert_eq!(kept.last().unwrap().bytes, b"line-499");
        assert!(kept.len() < 500);
        assert!(config.log.path.with_file_name("log.2").exists());
        assert!(!config.log.path.with_file_name("log.3").exists());
    }

    #[test]
    fn long_lines_and_unfinished_ones_keep_every_byte() {
        let mut world = World::new();
        let config = world.sh("head -c 100000 /dev/zero | busybox tr '\\0' x; echo; printf end");
        world.run(&config);
        assert_eq!(text(&config, Stream::Stdout), format!("{}\nend", "x".repeat(100_000)));
        assert!(lines(&config).iter().all(|line| line.bytes.len() <= 16 * 1024));
    }

    #[test]
    fn exec_joins_the_container() {
        let mut world = World::new();
        let mut config = world.config(&["sleep", "1000"]);
        config.hostname = "inside".into();
        config.resources.pids_max = Some(50);
        world.start(&config);
        let (read, write) = std::io::pipe().unwrap();
        let mut process = ProcessConfig::new([
            "sh",
            "-c",
            "hostname; id -u; grep -E 'CapEff|Seccomp:' /proc/self/status; cat; exit 3",
        ]);
        process.user = "web:logs".into();
        process.env = vec!["X=1".into()];
        let (input, mut typed) = std::io::pipe().unwrap();
        let stdio: [OwnedFd; 3] = [input.into(), write.try_clone().unwrap().into(), write.into()];
        let started = world.client.exec(&config.id, &process, Some(stdio)).unwrap();
        let group = std::fs::read_to_string(format!("/proc/{}/cgroup", started.pid)).unwrap();
        assert!(
            group.contains(&format!("pids:/{}/{}", config.cgroup_parent, config.id))
                || group.starts_with("0::"),
            "{group}"
        );
        typed.write_all(b"typed\n").unwrap();
        drop(typed);
        let mut out = String::new();
        File::from(OwnedFd::from(read)).read_to_string(&mut out).unwrap();
        assert_eq!(out, "inside\n33\nCapEff:\t0000000000000000\nSeccomp:\t2\ntyped\n");
        assert_eq!(world.client.wait_exec(started.exec, PATIENCE).unwrap(), 3);
    }

    #[test]
    fn exec_failures_and_signals() {
        let mut world = World::new();
        let config = world.config(&["sleep", "1000"]);
        world.start(&config);
        match world.client.exec(&config.id, &ProcessConfig::new(["nope"]), None) {
            Err(Error::Refused(failure)) => assert_eq!(failure.kind, FailureKind::CommandNotFound),
            other => panic!("{other:?}"),
        }
        let started = world.client.exec(&config.id, &ProcessConfig::new(["sleep", "1000"]), None).unwrap();
        world.client.kill_exec(started.exec, libc::SIGTERM).unwrap();
        assert_eq!(world.client.wait_exec(started.exec, PATIENCE).unwrap(), 143);
        assert!(world.client.wait_exec(started.exec, PATIENCE).is_err());
    }

    #[test]
    fn attach_carries_input_and_output() {
        let mut world = World::new();
        let mut config = world.config(&["cat"]);
        config.process.stdin_open = true;
        world.client.create(&config).unwrap();
        let mut attached = world.client.attach(&config.id).unwrap();
        world.client.start(&config.id).unwrap();
        attached.write(b"hello ").unwrap();
        attached.write(b"there\n").unwrap();
        attached.close_input().unwrap();
        let mut seen = Vec::new();
        loop {
            match attached.next_event(Some(PATIENCE)).unwrap().expect("no event in time") {
                AttachedEvent::Output(Stream::Stdout, bytes) => seen.extend(bytes),
                AttachedEvent::Exited(record) => break assert_eq!(record.exit_code, Some(0)),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(seen, b"hello there\n");
        assert_eq!(text(&config, Stream::Stdout), "hello there\n");
    }

    #[test]
    fn input_that_is_not_read_waits_and_is_not_lost() {
        let mut world = World::new();
        let mut config = world.sh("sleep 1; wc -c");
        config.process.stdin_open = true;
        world.client.create(&config).unwrap();
        let mut attached = world.client.attach(&config.id).unwrap();
        world.client.start(&config.id).unwrap();
        let mut input = attached.input().unwrap();
        let (mut sent, mut held) = (0, false);
        while sent < 20 << 20 {
            input.push(&[b'x'; 64 << 10]).unwrap();
            sent += 64 << 10;
            while !input.flush().unwrap() {
                held = true;
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
        input.push_end().unwrap();
        eventually("the end is sent", || input.flush().unwrap());
        let mut seen = Vec::new();
        while let Some(AttachedEvent::Output(_, bytes)) = attached.next_event(Some(PATIENCE)).unwrap() {
            seen.extend(bytes);
        }
        assert!(held, "more than the sockets hold was taken although nobody read it");
        assert_eq!(String::from_utf8(seen).unwrap().trim(), sent.to_string());
    }

    #[test]
    fn terminals_of_containers_and_execs() {
        let mut world = World::new();
        let mut config = world.sh("tty; echo $TERM; read line; stty size; echo got $line");
        config.process.terminal = true;
        let mut events = world.client.subscribe().unwrap();
        world.start(&config);
        eventually("the first size", || text(&config, Stream::Stdout).contains("xterm"));
        world.client.resize(&config.id, 33, 111).unwrap();
        let mut process = ProcessConfig::new(["sh", "-c", "tty; exit 4"]);
        process.terminal = true;
        let started = world.client.exec(&config.id, &process, None).unwrap();
        let mut out = Vec::new();
        // Reading a terminal whose last process has closed it ends with EIO.
        let _ = File::from(started.terminal.unwrap()).read_to_end(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "/dev/pts/1\r\n");
        assert_eq!(world.client.wait_exec(started.exec, PATIENCE).unwrap(), 4);
        world.client.attach(&config.id).unwrap().write(b"word\n").unwrap();
        assert_eq!(exited(&mut events, &config.id).exit_code, Some(0));
        let seen = text(&config, Stream::Stdout);
        assert!(seen.starts_with("/dev/pts/0\r\nxterm\r\n"), "{seen}");
        assert!(seen.ends_with("33 111\r\ngot word\r\n"), "{seen}");
    }
}
