//! What commands say, and how they exit, when services do not come to run: each cause in a create and in an update.

#[cfg(test)]
mod tests {
    use std::thread;

    use skep_harness::{Cluster, Host, Ran};

    const FOREVER: &str = "exec sleep 3600";
    const FAILING: i32 = 3;
    const TIMED_OUT: i32 = 4;
    const ROLLED_BACK: i32 = 5;
    const PAUSED: i32 = 6;

    /// What keeps a service from running, how a command ends for it, and what it says.
    struct Case {
        name: &'static str,
        flags: &'static [&'static str],
        script: &'static str,
        code: i32,
        says: &'static str,
    }

    impl Case {
        /// Its words, for a service of this name.
        fn assert_ended(&self, ran: &Ran, code: i32) {
            let what = format!("{}: code {}\n{}\n{}", self.name, ran.code, ran.out, ran.err);
            assert_eq!(ran.code, code, "{what}");
            assert!(ran.err.contains(self.says), "{what}");
            assert!(ran.err.contains(&format!("skep why {}", self.name)), "{what}");
        }

        fn assert_explained(&self, host: &Host) {
            let why = host.skep(&["why", self.name]).ok();
            assert!(why.contains(self.says), "{}: {why}", self.name);
        }
    }

    /// Each with a service of its own, all at once: they wait far longer than they work.
    fn at_once(cases: &[Case], work: impl Fn(&Case) + Sync) {
        thread::scope(|scope| {
            cases.iter().for_each(|case| {
                scope.spawn(|| work(case));
            });
        });
    }

    fn cluster() -> Cluster {
        let cluster = Cluster::new(1, 0);
        cluster.host(0).import_busybox("busybox");
        cluster
    }

    /// Makes a service that runs and that fails fast.
    fn create(host: &Host, name: &str, flags: &[&str], command: &[&str]) -> Ran {
        let named = ["service", "create", "--name", name, "--stop-grace-period", "1s"];
        host.skep(&[&named, &["--restart-delay", "100ms"], flags, command].concat())
    }

    #[test]
    fn a_create_that_cannot_succeed_says_why() {
        let cluster = cluster();
        let host = cluster.host(0);
        let case = |name, flags, script, code, says| Case { name, flags, script, code, says };
        let cases = [
            case("crash", &[], "echo no such thing; exit 3", FAILING, "task: non-zero exit (3)"),
            case("late", &[], "sleep 3; echo gave up; exit 4", FAILING, "task: non-zero exit (4)"),
            case(
                "sick",
                &["--health-cmd", "false", "--health-interval", "200ms", "--health-retries", "2"],
                FOREVER,
                FAILING,
                "unhealthy",
            ),
            case(
                "full",
                &["--reserve-memory", "900g", "--timeout", "3s"],
                FOREVER,
                TIMED_OUT,
                "insufficient resources",
            ),
            case(
                "nowhere",
                &["--constraint", "node.labels.moon==far", "--timeout", "3s"],
                FOREVER,
                TIMED_OUT,
                "scheduling constraints not satisfied",
            ),
        ];
        at_once(&cases, |case| {
            let ran = create(host, case.name, case.flags, &["busybox", "sh", "-c", case.script]);
            case.assert_ended(&ran, case.code);
            case.assert_explained(host);
        });
        let missing = case("missing", &[], "", FAILING, "no-such-image");
        let ran = create(host, missing.name, &[], &["localhost:1/no-such-image:1"]);
        missing.assert_ended(&ran, missing.code);
        let job = ["service", "create", "--mode", "global-job", "busybox", "true"];
        host.skep(&job).ok();
    }

    #[test]
    fn an_update_that_fails_pauses_or_goes_back_and_says_why() {
        let cluster = cluster();
        let host = cluster.host(0);
        let case = |name, flags, code, says| Case { name, flags, script: FOREVER, code, says };
        let cases = [
            case("crash", &["--args", "sh -c 'echo no such thing; exit 3'"], PAUSED, "| no such thing"),
            case(
                "late",
                &["--update-monitor", "10s", "--args", "sh -c 'sleep 3; echo gave up; exit 4'"],
                PAUSED,
                "task: non-zero exit (4)",
            ),
            case(
                "back",
                &["--update-failure-action", "rollback", "--args", "false"],
                ROLLED_BACK,
                "task: non-zero exit (1)",
            ),
            case(
                "sick",
                &["--health-cmd", "false", "--health-interval", "200ms", "--health-retries", "2"],
                PAUSED,
                "unhealthy",
            ),
            case("missing", &["--image", "localhost:1/no-such-image:1"], PAUSED, "no-such-image"),
            case(
                "full",
                &["--reserve-memory", "900g", "--timeout", "4s"],
                TIMED_OUT,
                "insufficient resources",
            ),
            case(
                "nowhere",
                &["--constraint-add", "node.labels.moon==far", "--timeout", "4s"],
                TIMED_OUT,
                "scheduling constraints not satisfied",
            ),
        ];
        at_once(&cases, |case| {
            let quick = ["--update-monitor", "2s", "--rollback-monitor", "1s"];
            create(host, case.name, &quick, &["busybox", "sh", "-c", case.script]).ok();
            let ran = host.skep(&[&["service", "update"], case.flags, &[case.name]].concat());
            case.assert_ended(&ran, case.code);
            if case.code != ROLLED_BACK {
                case.assert_explained(host);
            }
        });
        let shown = host.skep(&["service", "inspect", "--pretty", "crash"]).ok();
        assert!(shown.contains(" State:\t\tpaused") && shown.contains("   | no such thing"), "{shown}");
        // A rollback that was asked for is no failure.
        host.skep(&["service", "rollback", "crash"]).ok();
        host.skep(&["service", "update", "--env-add", "A=B", "back"]).ok();
    }
}
