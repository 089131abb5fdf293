//! What the death of a daemon or of a container must not do.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    use skep_harness::{Connection, Host, Namespaces, eventually, example, until};

    fn containers(host: &Host) -> BTreeSet<String> {
        host.skep(&["ps", "-q", "--no-trunc"]).ok().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_killed_daemon_costs_no_request_and_no_container() {
        let mut host = Host::started();
        host.skep(&["up", example("hello").to_str().unwrap()]).ok();
        let before = containers(&host);
        let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
        let (namespace, address) =
            (host.namespaces().client(), format!("{}:8080", Namespaces::HOST).parse().unwrap());
        std::thread::scope(|scope| {
            let traffic = scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let answer =
                        Connection::open(&namespace, address).unwrap().get("/log?line=tick").unwrap();
                    assert_eq!(answer.status, 200);
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
            let more = |count: usize| {
                let from = asked.load(Ordering::Relaxed);
                until("requests go on", || {
                    assert!(!traffic.is_finished(), "a request failed");
                    (asked.load(Ordering::Relaxed) >= from + count).then_some(())
                });
            };
            for _ in 0..3 {
                more(50);
                host.kill_daemon();
                more(200);
                host.start();
                more(50);
            }
            stop.store(true, Ordering::Relaxed);
        });
        assert_eq!(containers(&host), before, "no container was restarted");
        let asked = asked.load(Ordering::Relaxed);
        eventually(|| {
            let logs = host.skep(&["service", "logs", "hello_web"]).ok();
            match logs.lines().filter(|line| line.ends_with("tick")).count() {
                count if count == asked => Ok(()),
                count => Err(format!("{count} lines of {asked} are in the logs")),
            }
        });
    }

    #[test]
    fn exit_codes_are_kept_while_no_daemon_runs() {
        let mut host = Host::started();
        let compose = host.path("crash.yml");
        std::fs::write(
            &compose,
            "name: crash\nservices:\n  once:\n    image: skep/whoami\n    ports: [\"8090:80\"]\n    \
             deploy: {restart_policy: {condition: none}}\n",
        )
        .unwrap();
        host.skep(&["up", compose.to_str().unwrap()]).ok();
        let id = containers(&host).pop_first().unwrap();
        host.kill_daemon();
        drop(host.get(8090, "/crash?code=42"));
        host.start();
        eventually(|| {
            let code = host.skep(&["container", "inspect", &id, "--format", "{{.State.ExitCode}}"]);
            if code.out.trim() == "42" { Ok(()) } else { Err(format!("{code:?}")) }
        });
        eventually(|| {
            let tasks = host.skep(&["service", "ps", "crash_once"]).ok();
            if tasks.contains("Failed") && tasks.contains("42") { Ok(()) } else { Err(tasks) }
        });
    }

    #[test]
    fn a_killed_container_is_replaced_and_not_balanced_to() {
        let host = Host::started();
        host.skep(&["up", example("hello").to_str().unwrap()]).ok();
        let id = containers(&host).pop_first().unwrap();
        let pid = host.skep(&["container", "inspect", &id, "--format", "{{.State.Pid}}"]).ok();
        kill(Pid::from_raw(pid.trim().parse().unwrap()), Signal::SIGKILL).unwrap();
        eventually(|| {
            let now = containers(&host);
            if now.len() == 3 && !now.contains(&id) { Ok(()) } else { Err(format!("{now:?}")) }
        });
        for _ in 0..30 {
            assert_eq!(host.get(8080, "/").unwrap().status, 200);
        }
        let tasks = host.skep(&["service", "ps", "hello_web"]).ok();
        assert!(tasks.contains("137"), "{tasks}");
    }

    #[test]
    fn a_task_gets_no_connection_before_it_listens() {
        let host = Host::started();
        let compose = host.path("slow.yml");
        std::fs::write(
            &compose,
            "name: slow\nservices:\n  web:\n    image: skep/whoami\n    ports: [\"8080:80\"]\n    environment: \
             {WHOAMI_START_DELAY_MS: 1000}\n",
        )
        .unwrap();
        host.skep(&["up", compose.to_str().unwrap()]).ok();
        assert_eq!(host.get(8080, "/").unwrap().status, 200, "up waits for the server");
        host.skep(&["service", "scale", "--detach", "slow_web=3"]).ok();
        eventually(|| {
            assert_eq!(host.get(8080, "/").unwrap().status, 200);
            let tasks = host.skep(&["service", "ps", "slow_web"]).ok();
            if tasks.matches("Running").count() >= 6 { Ok(()) } else { Err(tasks) }
        });
        for _ in 0..30 {
            assert_eq!(host.get(8080, "/").unwrap().status, 200);
        }
    }

    #[test]
    fn a_stopped_daemon_comes_back_to_its_containers() {
        let mut host = Host::started();
        host.skep(&["up", example("hello").to_str().unwrap()]).ok();
        let before = containers(&host);
        host.stop_daemon();
        assert_eq!(host.get(8080, "/").unwrap().status, 200);
        host.start();
        assert_eq!(containers(&host), before);
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }
}
