//! Several hosts as one swarm.

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use skep_harness::{Cluster, Host, eventually, until};

    fn roles(cluster: &Cluster, asked: u8) -> Vec<String> {
        let format = "{{.Hostname}} {{.Status}} {{.ManagerStatus}}";
        let listed = cluster.host(asked).skep(&["node", "ls", "--format", format]);
        let mut lines: Vec<String> = listed.out.lines().map(|line| line.trim_end().to_owned()).collect();
        lines.sort();
        lines
    }

    fn deploy(cluster: &Cluster, asked: u8, replicas: u8) {
        let file = cluster.host(asked).path("compose.yml");
        let text = format!(
            "services: {{web: {{image: skep/whoami, deploy: {{replicas: {replicas}, restart_policy: {{delay: 500ms}}}}}}}}"
        );
        std::fs::write(&file, text).unwrap();
        cluster.host(asked).skep(&["stack", "deploy", "-c", file.to_str().unwrap(), "web"]).ok();
    }

    /// Hosts on which running tasks are.
    fn placed(cluster: &Cluster, asked: u8) -> Vec<String> {
        let format = "{{.Node}} {{.CurrentState}}";
        let filter = "desired-state=running";
        let listed = cluster.host(asked).skep(&["stack", "ps", "-f", filter, "--format", format, "web"]);
        let running = listed.out.lines().filter(|line| line.contains(" Running "));
        let mut hosts: Vec<String> =
            running.filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect();
        hosts.sort();
        hosts
    }

    #[test]
    fn snapshots_are_taken_as_often_as_asked() {
        let mut host = Host::new();
        host.start();
        host.skep(&["swarm", "init", "--snapshot-interval", "100"]).ok();
        for number in 0..110 {
            let label = format!("round={number}");
            host.skep(&["node", "update", "--label-add", &label, "self"]).ok();
        }
        eventually(|| {
            let logs = std::fs::read_dir(host.path("data/raft")).unwrap();
            match logs.into_iter().any(|log| log.unwrap().path().join("snapshot").exists()) {
                true => Ok(()),
                false => Err("there is no snapshot".to_owned()),
            }
        });
    }

    #[test]
    fn hosts_join_and_every_manager_answers() {
        let cluster = Cluster::new(3, 2);
        for asked in 0..3 {
            let listed = roles(&cluster, asked);
            assert_eq!(
                listed,
                [
                    "host0 Ready Leader",
                    "host1 Ready Reachable",
                    "host2 Ready Reachable",
                    "host3 Ready",
                    "host4 Ready"
                ]
            );
        }
        let worker = cluster.host(3).skep(&["node", "ls"]).failed();
        assert!(worker.contains("Worker nodes can't be used"), "{worker}");
        // Written at a follower, read at another one.
        deploy(&cluster, 1, 10);
        assert_eq!(placed(&cluster, 2).len(), 10);
        let spread: std::collections::BTreeSet<String> = placed(&cluster, 2).into_iter().collect();
        assert_eq!(spread.len(), 5, "every host has tasks");
        let wrong = cluster.host(4).skep(&["swarm", "join", "--token", "x", "10.98.0.10:2377"]).failed();
        assert!(wrong.contains("already part of a swarm"), "{wrong}");
    }

    #[test]
    fn a_manager_that_others_do_not_reach_is_refused() {
        let mut cluster = Cluster::new(1, 0);
        let number = cluster.add_host();
        let token = cluster.host(0).skep(&["swarm", "join-token", "-q", "manager"]).ok();
        let join = |advertised: &str| {
            let token = token.trim();
            let asked =
                ["swarm", "join", "--advertise-addr", advertised, "--token", token, "10.98.0.10:2377"];
            cluster.host(number).skep(&asked)
        };
        // There is no such host; and nobody listens on that port.
        for advertised in ["10.98.0.99", "10.98.0.11:2399"] {
            let refused = join(advertised).failed();
            assert!(refused.contains(advertised) && refused.contains("--advertise-addr"), "{refused}");
            assert_eq!(roles(&cluster, 0), ["host0 Ready Leader"], "it is not let in");
        }
        join("10.98.0.11").ok();
        assert_eq!(roles(&cluster, 1), ["host0 Ready Leader", "host1 Ready Reachable"], "it has its vote");
    }

    #[test]
    fn a_join_that_hears_no_answer_leaves_nothing_behind() {
        let mut cluster = Cluster::new(1, 0);
        let number = cluster.add_host();
        let token = cluster.host(0).skep(&["swarm", "join-token", "-q", "worker"]).ok();
        let state = |cluster: &Cluster| {
            cluster
                .host(number)
                .skep(&["info", "--format", "{{.Swarm.LocalNodeState}}"])
                .ok()
                .trim()
                .to_owned()
        };
        cluster.set_cut(number, true);
        std::thread::scope(|scope| {
            let joining = scope.spawn(|| {
                let join = ["swarm", "join", "--token", token.trim(), "10.98.0.10:2377"];
                cluster.host(number).skep(&join).failed()
            });
            // While it waits, there is nothing to leave.
            until("the join is under way", || (state(&cluster) == "inactive").then_some(()));
            let left = cluster.host(number).skep(&["swarm", "leave"]).failed();
            assert!(left.contains("not part of a swarm"), "{left}");
            let refused = joining.join().unwrap();
            assert!(refused.contains("10.98.0.10:2377"), "{refused}");
        });
        // The same after the daemon died in the middle.
        let join = ["swarm", "join", "--token", token.trim(), "10.98.0.10:2377"];
        let mut asking = cluster.host(number).command().args(join).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        cluster.host_mut(number).kill_daemon();
        assert!(!asking.wait().unwrap().success());
        cluster.host_mut(number).start();
        assert_eq!(state(&cluster), "inactive");
        cluster.set_cut(number, false);
        cluster.join(number, "worker");
        assert_eq!(roles(&cluster, 0), ["host0 Ready Leader", "host1 Ready"]);
    }

    #[test]
    fn the_swarm_outlives_its_leader_and_a_worker() {
        let mut cluster = Cluster::new(3, 1);
        deploy(&cluster, 0, 8);
        let leader = cluster.leader();
        cluster.host_mut(leader).kill_daemon();
        let next = cluster.leader();
        assert_ne!(next, leader);
        let scaled = cluster.host(next).skep(&["service", "scale", "--detach", "web_web=9"]);
        scaled.ok();
        cluster.host_mut(leader).start();
        eventually(|| match placed(&cluster, next).len() {
            9 => Ok(()),
            count => Err(format!("{count} tasks run: {:?}", roles(&cluster, next))),
        });
        // A host that is lost with everything on it: its tasks run elsewhere.
        cluster.set_cut(3, true);
        eventually(|| {
            let hosts = placed(&cluster, next);
            if hosts.len() == 9 && !hosts.contains(&"host3".to_owned()) {
                Ok(())
            } else {
                Err(format!("{hosts:?}"))
            }
        });
        cluster.set_cut(3, false);
        cluster.until_ready();
        // What it still ran is surplus, and goes.
        eventually(|| match cluster.host(3).skep(&["ps", "-q"]).ok().lines().count() {
            0 => Ok(()),
            count => Err(format!("{count} containers are left")),
        });
    }

    #[test]
    fn roles_change_without_a_restart_of_tasks() {
        let cluster = Cluster::new(1, 2);
        deploy(&cluster, 0, 6);
        let containers = |number: u8| {
            let mut ids: Vec<String> =
                cluster.host(number).skep(&["ps", "-q"]).ok().lines().map(str::to_owned).collect();
            ids.sort();
            ids
        };
        let before: Vec<_> = (0..3).map(containers).collect();
        cluster.host(0).skep(&["node", "promote", "host1", "host2"]).ok();
        eventually(|| {
            let listed = roles(&cluster, 1);
            let wanted = ["host0 Ready Leader", "host1 Ready Reachable", "host2 Ready Reachable"];
            if listed == wanted { Ok(()) } else { Err(format!("{listed:?}")) }
        });
        // The leader itself becomes a worker: another one leads.
        cluster.host(1).skep(&["node", "demote", "host0"]).ok();
        eventually(|| {
            let listed = roles(&cluster, 1);
            let leaders = listed.iter().filter(|line| line.ends_with("Leader")).count();
            if listed[..1] == ["host0 Ready"] && leaders == 1 { Ok(()) } else { Err(format!("{listed:?}")) }
        });
        until("host0 knows that it is a worker", || {
            let refused = cluster.host(0).skep(&["node", "ls"]);
            refused.err.contains("Worker nodes can't be used").then_some(())
        });
        assert_eq!((0..3).map(containers).collect::<Vec<_>>(), before, "no task was restarted");
        // A last manager cannot be taken away.
        cluster.host(1).skep(&["node", "demote", "host2"]).ok();
        eventually(|| match roles(&cluster, 1).iter().filter(|line| line.ends_with("Reachable")).count() {
            0 => Ok(()),
            _ => Err(format!("{:?}", roles(&cluster, 1))),
        });
        let last = cluster.host(1).skep(&["node", "demote", "host1"]).failed();
        assert!(last.contains("last manager"), "{last}");
        // One leaves; it is down until it is removed.
        cluster.host(0).skep(&["swarm", "leave"]).ok();
        until("host0 is down", || roles(&cluster, 1).contains(&"host0 Down".to_owned()).then_some(()));
        cluster.host(1).skep(&["node", "rm", "host0"]).ok();
        assert_eq!(roles(&cluster, 1), ["host1 Ready Leader", "host2 Ready"]);
        cluster.host(0).assert_clean();
    }

    /// `TestDemoteDownedManager`, `TestDemoteToSingleManager`.
    #[test]
    fn a_manager_that_is_down_is_demoted_and_so_are_all_but_one() {
        let mut cluster = Cluster::new(3, 0);
        let leader = cluster.leader();
        let (down, other) = ((leader + 1) % 3, (leader + 2) % 3);
        let name = |number: u8| format!("host{number}");
        let until_roles = |cluster: &Cluster, wanted: &mut [String]| {
            wanted.sort();
            eventually(|| match roles(cluster, leader) {
                listed if listed == wanted => Ok(()),
                listed => Err(format!("{listed:?}")),
            });
        };
        cluster.host_mut(down).kill_daemon();
        cluster.host(leader).skep(&["node", "demote", &name(down)]).ok();
        cluster.host_mut(down).start();
        let [leads, manages, works] = [
            format!("{} Ready Leader", name(leader)),
            format!("{} Ready Reachable", name(other)),
            format!("{} Ready", name(down)),
        ];
        until_roles(&cluster, &mut [leads.clone(), manages, works.clone()]);
        // It may still be about to end its manager.
        eventually(|| match cluster.host(down).skep(&["node", "ls"]) {
            refused if refused.err.contains("Worker nodes can't be used") => Ok(()),
            other => Err(format!("{other:?}")),
        });
        cluster.host(leader).skep(&["node", "demote", &name(other)]).ok();
        until_roles(&cluster, &mut [leads, format!("{} Ready", name(other)), works]);
        let last = cluster.host(leader).skep(&["node", "demote", &name(leader)]).failed();
        assert!(last.contains("last manager"), "{last}");
    }

    #[test]
    fn too_few_managers_say_which_are_missing() {
        let mut cluster = Cluster::new(3, 0);
        cluster.host_mut(1).kill_daemon();
        cluster.host_mut(2).kill_daemon();
        std::thread::sleep(Duration::from_secs(2));
        let refused = cluster.host(0).skep(&["service", "ls"]).failed();
        for word in ["does not have a leader", "host1", "host2", "--force-new-cluster"] {
            assert!(refused.contains(word), "{word} is missing in: {refused}");
        }
        cluster.host_mut(1).start();
        eventually(|| {
            let listed = cluster.host(0).skep(&["service", "ls"]);
            if listed.code == 0 { Ok(()) } else { Err(listed.err) }
        });
    }

    #[test]
    fn one_manager_goes_on_without_the_others() {
        let mut cluster = Cluster::new(3, 1);
        deploy(&cluster, 0, 8);
        let containers = |cluster: &Cluster, number: u8| {
            let mut ids: Vec<String> =
                cluster.host(number).skep(&["ps", "-q"]).ok().lines().map(str::to_owned).collect();
            ids.sort();
            ids
        };
        let before = (containers(&cluster, 0), containers(&cluster, 3));
        cluster.host_mut(1).kill_daemon();
        cluster.host_mut(2).kill_daemon();
        let worker = cluster.host(3).skep(&["swarm", "init", "--force-new-cluster"]).failed();
        assert!(worker.contains("on a manager"), "{worker}");
        cluster.host(0).skep(&["swarm", "init", "--force-new-cluster"]).ok();
        // The other managers are known as workers, and are not there; their tasks move.
        eventually(|| match placed(&cluster, 0) {
            hosts if hosts.len() == 8 && hosts.iter().all(|host| host == "host0" || host == "host3") => {
                Ok(())
            }
            hosts => Err(format!("{hosts:?} {:?}", roles(&cluster, 0))),
        });
        for (before, now) in [(&before.0, containers(&cluster, 0)), (&before.1, containers(&cluster, 3))] {
            assert!(before.iter().all(|id| now.contains(id)), "no container was restarted");
        }
        // Those that were left behind come back, decide nothing, and become workers.
        cluster.host_mut(1).start();
        cluster.host_mut(2).start();
        eventually(|| {
            let listed = roles(&cluster, 0);
            let wanted = ["host0 Ready Leader", "host1 Ready", "host2 Ready", "host3 Ready"];
            if listed == wanted { Ok(()) } else { Err(format!("{listed:?}")) }
        });
        until("host1 knows that it is a worker", || {
            let refused = cluster.host(1).skep(&["node", "ls"]);
            refused.err.contains("Worker nodes can't be used").then_some(())
        });
        cluster.host(0).skep(&["node", "promote", "host1"]).ok();
        eventually(|| {
            let listed = roles(&cluster, 1);
            if listed.contains(&"host1 Ready Reachable".to_owned()) {
                Ok(())
            } else {
                Err(format!("{listed:?}"))
            }
        });
    }

    #[test]
    fn a_swarm_is_restored_from_its_backup() {
        let mut cluster = Cluster::new(1, 0);
        deploy(&cluster, 0, 3);
        let file = cluster.host(0).path("swarm.backup");
        let file = file.to_str().unwrap();
        cluster.host(0).skep(&["swarm", "backup", file]).ok();
        let again = cluster.host(0).skep(&["swarm", "backup", file]).failed();
        assert!(again.contains("exists"), "{again}");
        let inside = cluster.host(0).skep(&["swarm", "restore", file]).failed();
        assert!(inside.contains("already part of a swarm"), "{inside}");
        let other = cluster.add_host();
        let bad = cluster.host(other).path("bad");
        std::fs::write(&bad, "nothing").unwrap();
        let bad = cluster.host(other).skep(&["swarm", "restore", bad.to_str().unwrap()]).failed();
        assert!(bad.contains("not a backup"), "{bad}");
        // The host is lost with all that it had.
        cluster.host_mut(0).kill_daemon();
        cluster.host(other).skep(&["swarm", "restore", file]).ok();
        eventually(|| match placed(&cluster, other) {
            hosts if hosts == ["host1", "host1", "host1"] => Ok(()),
            hosts => Err(format!("{hosts:?} {:?}", roles(&cluster, other))),
        });
        assert_eq!(roles(&cluster, other), ["host0 Down", "host1 Ready Leader"]);
        let kept = cluster.host(other).skep(&["stack", "ls", "--format", "{{.Name}}"]).ok();
        assert_eq!(kept.trim(), "web");
    }
}
