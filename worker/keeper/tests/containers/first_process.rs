//! The small first process before a container's command.

#[cfg(test)]
mod tests {
    use skep_keeper::log::Stream;
    use skep_keeper::{Error, FailureKind};

    use crate::world::{World, eventually, exited, text};

    #[test]
    fn it_reaps_orphans_and_ends_as_the_command_does() {
        let mut world = World::new();
        // The inner shell leaves a process behind, which is process 1's then; once it has ended no zombie stays.
        let script = "cat /proc/1/cmdline | tr '\\0' ' '; echo; (sleep 0.1 & ); sleep 0.5;
            for f in /proc/[0-9]*/stat; do read line < $f; case \"$line\" in *') Z '*) echo zombie;; esac; done 2>/dev/null; exit 7";
        let mut config = world.sh(&script.replace("tr ", "busybox tr "));
        config.process.init = true;
        let (code, out) = world.output(&config);
        assert_eq!(code, 7);
        assert!(out.starts_with("docker-init docker-init sh -c ") && !out.contains("\nzombie"), "{out}");
    }

    #[test]
    fn it_passes_signals_on() {
        let mut world = World::new();
        let mut config = world.sh("trap 'echo heard; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
        config.process.init = true;
        config.process.user = "web".into();
        let mut events = world.client.subscribe().unwrap();
        world.start(&config);
        eventually("ready", || text(&config, Stream::Stdout) == "ready\n");
        world.client.kill(&config.id, libc::SIGTERM, false).unwrap();
        assert_eq!(exited(&mut events, &config.id).exit_code, Some(3));
        assert_eq!(text(&config, Stream::Stdout), "ready\nheard\n");
        // A program that knows nothing of signals ends by one, which process 1 by itself would not hear. It may come at once.
        for _ in 0..20 {
            let mut config = world.config(&["sleep", "100"]);
            config.process.init = true;
            world.start(&config);
            world.client.kill(&config.id, libc::SIGTERM, false).unwrap();
            assert_eq!(exited(&mut events, &config.id).exit_code, Some(143));
        }
    }

    #[test]
    fn the_command_has_the_signals_of_a_new_program() {
        let mut world = World::new();
        let mut config = world.config(&["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"]);
        config.process.init = true;
        let mut events = world.client.subscribe().unwrap();
        world.start(&config);
        assert_eq!(exited(&mut events, &config.id).exit_code, Some(0));
        let none = "0000000000000000";
        assert_eq!(text(&config, Stream::Stdout), format!("SigBlk:\t{none}\nSigIgn:\t{none}\n"));
    }

    #[test]
    fn a_command_that_is_not_there_is_told_as_without_it() {
        let mut world = World::new();
        for (args, kind) in [
            (["nothing-there"], FailureKind::CommandNotFound),
            (["/bin/not-executable"], FailureKind::NotExecutable),
        ] {
            let mut config = world.config(&args);
            config.process.init = true;
            world.client.create(&config).unwrap();
            match world.client.start(&config.id) {
                Err(Error::Refused(failure)) => assert_eq!(failure.kind, kind, "{failure:?}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
