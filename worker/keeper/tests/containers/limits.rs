//! Resource limits, statistics, freezing.

#[cfg(test)]
mod tests {
    use skep_keeper::config::Resources;
    use skep_keeper::log::Stream;
    use skep_keeper::protocol::Status;
    use skep_keeper::runtime::stats;
    use skep_keeper::{Error, FailureKind};

    use crate::world::{World, eventually, exited, text};

    #[test]
    fn out_of_memory_is_told_apart_from_a_kill() {
        let mut world = World::new();
        let mut config = world.config(&["dd", "if=/dev/zero", "of=/dev/null", "bs=200M"]);
        config.resources.memory_bytes = Some(16 << 20);
        config.resources.memory_swap_bytes = Some(16 << 20);
        let record = world.run(&config);
        assert_eq!((record.exit_code, record.oom_killed), (Some(137), true));
    }

    #[test]
    fn memory_limit_is_readable_and_can_be_changed() {
        let mut world = World::new();
        let mut config = world.config(&["sleep", "1000"]);
        config.resources = Resources {
            memory_bytes: Some(32 << 20),
            memory_swap_bytes: Some(64 << 20),
            ..Resources::default()
        };
        world.start(&config);
        let cgroup = world.client.inspect(&config.id).unwrap().cgroup;
        let seen = stats(&cgroup).unwrap();
        assert_eq!(seen.memory_limit_bytes, Some(32 << 20));
        assert!(seen.pids >= 1 && seen.cpu_ns > 0 && seen.memory_bytes > 0, "{seen:?}");
        for megabytes in [256, 24] {
            let bytes = Some(megabytes << 20);
            let wanted = Resources { memory_bytes: bytes, memory_swap_bytes: bytes, ..Resources::default() };
            world.client.update(&config.id, &wanted).unwrap();
            assert_eq!(stats(&cgroup).unwrap().memory_limit_bytes, Some(megabytes.cast_unsigned() << 20));
        }
    }

    #[test]
    fn number_of_processes() {
        let mut world = World::new();
        let mut config = world.sh("for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; wait");
        config.resources.pids_max = Some(5);
        let record = world.run(&config);
        assert_ne!(record.exit_code, Some(0));
        assert!(text(&config, Stream::Stderr).contains("fork"), "{}", text(&config, Stream::Stderr));
    }

    #[test]
    fn cpu_limits_and_shares_are_written() {
        let mut world = World::new();
        let mut config = world.config(&["sleep", "1000"]);
        config.resources = Resources {
            nano_cpus: Some(250_000_000),
            cpu_shares: Some(512),
            cpuset_cpus: Some("0".into()),
            ..Resources::default()
        };
        world.start(&config);
        let found: Vec<String> = world
            .cgroups()
            .iter()
            .flat_map(|group| ["cpu.cfs_quota_us", "cpu.max", "cpuset.cpus"].map(|file| group.join(file)))
            .filter_map(|file| Some(std::fs::read_to_string(file).ok()?.trim().to_owned()))
            .collect();
        assert!(
            found.iter().any(|v| v == "25000" || v == "25000 100000") && found.iter().any(|v| v == "0"),
            "{found:?}"
        );
    }

    #[test]
    fn a_limit_that_the_kernel_refuses_names_itself() {
        let mut world = World::new();
        let mut config = world.config(&["true"]);
        config.resources.cpuset_cpus = Some("4000".into());
        match world.client.create(&config) {
            Err(Error::Refused(failure)) => {
                assert_eq!(failure.kind, FailureKind::Limit);
                assert!(failure.message.starts_with("limit cpuset.cpus=4000: "), "{failure}");
            }
            other => panic!("{other:?}"),
        }
        assert!(world.cgroups().is_empty());
    }

    #[test]
    fn pause_and_kill_while_paused() {
        let mut world = World::new();
        let config = world.sh("while :; do echo tick; sleep 0.01; done");
        let mut events = world.client.subscribe().unwrap();
        world.start(&config);
        world.client.pause(&config.id).unwrap();
        assert_eq!(world.client.inspect(&config.id).unwrap().status, Status::Paused);
        world.client.resume(&config.id).unwrap();
        let before = text(&config, Stream::Stdout).len();
        eventually("it goes on", || text(&config, Stream::Stdout).len() > before);
        world.client.pause(&config.id).unwrap();
        world.client.kill(&config.id, libc::SIGKILL, false).unwrap();
        assert_eq!(exited(&mut events, &config.id).exit_code, Some(137));
    }

    #[test]
    fn delete_kills_all_and_removes_groups_made_inside() {
        let mut world = World::new();
        let config = world.sh("sleep 1000 & sleep 1000 & wait");
        world.start(&config);
        for group in world.cgroups() {
            let _ = std::fs::create_dir(group.join("inner"));
        }
        assert!(matches!(world.client.delete(&config.id, false), Err(Error::Refused(_))));
        world.client.delete(&config.id, true).unwrap();
        assert!(world.cgroups().is_empty());
    }
}
