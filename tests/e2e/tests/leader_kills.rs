//! Leaders that are killed, frozen or cut off under a client that writes all the time. `skep-failover` in tests/bench does
//! the same many times more, and measures.

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use skep_harness::{Census, Cluster, Loss, Record, Writer, eventually, until};

    const MANAGERS: u8 = 3;

    /// Waits until writes go on: so many more than now.
    fn until_written(writer: &Writer, more: usize) {
        let wanted = writer.count() + more;
        eventually(|| match writer.count() {
            count if count >= wanted => Ok(()),
            count => Err(format!("{count} of {wanted} writes are acknowledged")),
        });
    }

    /// Every manager knows every acknowledged write once.
    fn assert_kept(cluster: &Cluster, record: &Record) {
        for asked in 0..MANAGERS {
            record.check(&cluster.api(asked)).unwrap_or_else(|wrong| panic!("host{asked}: {wrong:#}"));
        }
    }

    #[test]
    fn no_write_is_lost_when_leaders_are_killed() {
        let mut cluster = Cluster::new(MANAGERS, 2);
        cluster.deploy(0, 10);
        let before = Census::until_as_wanted(&cluster, 0, 10);
        let writer = Writer::start(cluster.sockets(0..MANAGERS), "kill");
        for _ in 0..5 {
            let leader = cluster.leader();
            cluster.host_mut(leader).kill_daemon();
            until_written(&writer, 10);
            cluster.host_mut(leader).start();
            cluster.until_whole(MANAGERS);
        }
        let record = writer.stop();
        assert_kept(&cluster, &record);
        assert_eq!(Census::until_as_wanted(&cluster, 0, 10), before, "tasks run on, and none was replaced");
    }

    #[test]
    fn a_leader_that_was_frozen_steps_down() {
        let cluster = Cluster::new(MANAGERS, 0);
        cluster.deploy(0, 6);
        let writer = Writer::start(cluster.sockets(0..MANAGERS), "freeze");
        let frozen = cluster.leader();
        cluster.set_frozen(frozen, true);
        until_written(&writer, 10);
        std::thread::sleep(Duration::from_secs(5));
        cluster.set_frozen(frozen, false);
        until("the frozen host follows", || {
            let format = "{{.Hostname}} {{.ManagerStatus}}";
            let listed = cluster.host(frozen).skep(&["node", "ls", "--format", format]);
            listed.out.contains(&format!("host{frozen} Reachable")).then_some(())
        });
        cluster.until_whole(MANAGERS);
        let record = writer.stop();
        assert_kept(&cluster, &record);
        Census::until_as_wanted(&cluster, frozen, 6);
    }

    #[test]
    fn a_leader_that_is_cut_off_refuses_writes_and_the_others_go_on() {
        let cluster = Cluster::new(MANAGERS, 1);
        cluster.deploy(0, 8);
        let lone = cluster.leader();
        cut_and_heal(&cluster, lone, |cut| cluster.set_cut(lone, cut));
        for loss in [Loss::Incoming, Loss::Outgoing] {
            let lone = cluster.leader();
            cut_and_heal(&cluster, lone, |cut| {
                cluster.set_loss(lone, if cut { loss } else { Loss::Nothing })
            });
        }
    }

    fn cut_and_heal(cluster: &Cluster, lone: u8, set_cut: impl Fn(bool)) {
        let others = (0..MANAGERS).filter(|number| *number != lone);
        let prefix = format!("cut{}", cluster.api(lone).get("/services").unwrap().as_array().unwrap().len());
        let writer = Writer::start(cluster.sockets(others), &prefix);
        until_written(&writer, 5);
        set_cut(true);
        until_written(&writer, 20);
        let name = format!("refused-{prefix}");
        let refused =
            cluster.api(lone).answer("POST", "/services/create", "application/json", spec(&name).as_bytes());
        let refused = refused.unwrap();
        assert_eq!(refused.status, 503, "{}", refused.body);
        set_cut(false);
        cluster.until_whole(MANAGERS);
        let record = writer.stop();
        assert_kept(cluster, &record);
        let found = cluster.api(lone).answer("GET", &format!("/services/{name}"), "application/json", b"");
        assert_eq!(found.unwrap().status, 404, "what was refused was not done");
        Census::until_as_wanted(cluster, lone, 8);
    }

    fn spec(name: &str) -> String {
        let task = r#"{"ContainerSpec": {"Image": "skep/whoami"}}"#;
        format!(
            r#"{{"Name": "{name}", "TaskTemplate": {task}, "Mode": {{"Replicated": {{"Replicas": 0}}}}}}"#
        )
    }
}
