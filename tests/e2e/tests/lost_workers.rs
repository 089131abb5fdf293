//! Workers that are lost with all that they run, and come back.

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use skep_harness::{Census, Cluster, Loss, eventually};

    /// Waits until nothing that is wanted is on this host.
    fn until_elsewhere(cluster: &Cluster, lost: u8, count: usize) {
        eventually(|| {
            let format = "{{.Node}} {{.CurrentState}}";
            let filter = "desired-state=running";
            let listed = cluster.host(0).skep(&["stack", "ps", "-f", filter, "--format", format, "web"]);
            let running: Vec<&str> = listed.out.lines().filter(|line| line.contains(" Running ")).collect();
            let own = format!("host{lost} ");
            if running.len() == count && !running.iter().any(|line| line.starts_with(&own)) {
                Ok(())
            } else {
                Err(format!("{listed:?}"))
            }
        });
    }

    #[test]
    fn tasks_of_a_dead_worker_run_elsewhere() {
        let mut cluster = Cluster::new(1, 2);
        cluster.deploy(0, 9);
        cluster.host_mut(2).kill_everything();
        until_elsewhere(&cluster, 2, 9);
        Census::until_as_wanted(&cluster, 0, 9);
        cluster.host_mut(2).start();
        cluster.until_whole(1);
        Census::until_as_wanted(&cluster, 0, 9);
    }

    #[test]
    fn a_worker_that_came_back_gets_no_more_than_the_share_that_is_allowed() {
        let mut cluster = Cluster::new(1, 2);
        // One of nine, rounded down.
        cluster.host(0).skep(&["swarm", "update", "--rebalance", "20"]).ok();
        cluster.deploy(0, 9);
        cluster.host_mut(2).kill_everything();
        until_elsewhere(&cluster, 2, 9);
        cluster.host_mut(2).start();
        let there = || {
            let format = ["-f", "desired-state=running", "-f", "node=host2", "--format", "{{.CurrentState}}"];
            let listed = cluster.host(0).skep(&[&["stack", "ps"], &format[..], &["web"]].concat());
            listed.ok().lines().filter(|line| line.starts_with("Running ")).count()
        };
        eventually(|| match there() {
            1 => Ok(()),
            count => Err(format!("{count} tasks are there")),
        });
        // The next one would follow at once.
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(there(), 1);
        Census::until_as_wanted(&cluster, 0, 9);
    }

    #[test]
    fn nothing_runs_twice_after_a_cut_is_healed() {
        let cluster = Cluster::new(1, 2);
        cluster.deploy(0, 9);
        cluster.set_cut(1, true);
        until_elsewhere(&cluster, 1, 9);
        // The cut host runs its tasks on: it does not know better.
        assert_eq!(Census::take(&cluster, 0).unwrap().running.len(), 12);
        cluster.set_cut(1, false);
        cluster.until_whole(1);
        Census::until_as_wanted(&cluster, 0, 9);
        for loss in [Loss::Incoming, Loss::Outgoing] {
            cluster.set_loss(2, loss);
            until_elsewhere(&cluster, 2, 9);
            cluster.set_loss(2, Loss::Nothing);
            cluster.until_whole(1);
            Census::until_as_wanted(&cluster, 0, 9);
        }
    }
}
