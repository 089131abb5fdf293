//! What operators do to a swarm's managers and certificates costs its services nothing.

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use skep_harness::{Cluster, Connection, Load, eventually, until};

    /// Requests a second over all hosts.
    const RATE: u32 = 1000;
    const PORT: u16 = 8085;

    /// A service with two tasks on each of the three hosts, published on each.
    fn deploy(cluster: &Cluster) {
        let file = cluster.host(0).path("compose.yml");
        let text = format!(
            "services: {{web: {{image: skep/whoami, ports: [\"{PORT}:80\"], deploy: {{replicas: 6}}}}}}\n"
        );
        std::fs::write(&file, text).unwrap();
        cluster.host(0).skep(&["stack", "deploy", "-c", file.to_str().unwrap(), "load"]).ok();
        eventually(|| {
            let format = "{{.Node}} {{.CurrentState}}";
            let placed = cluster.host(0).skep(&["service", "ps", "load_web", "--format", format]).ok();
            let running = |host: &str| {
                let start = format!("{host} Running");
                placed.lines().filter(|line| line.starts_with(&start)).count()
            };
            let counts = ["host0", "host1", "host2"].map(running);
            if counts == [2, 2, 2] { Ok(()) } else { Err(placed) }
        });
    }

    fn targets(cluster: &Cluster) -> Vec<SocketAddr> {
        (0..3).map(|number| (cluster.host(number).namespaces().address(), PORT).into()).collect()
    }

    fn containers(cluster: &Cluster) -> Vec<String> {
        let ids = (0..3).flat_map(|number| {
            let listed = cluster.host(number).skep(&["ps", "-q", "--no-trunc"]).ok();
            listed.lines().map(str::to_owned).collect::<Vec<_>>()
        });
        let mut ids: Vec<String> = ids.collect();
        ids.sort();
        ids
    }

    fn until_managers(cluster: &Cluster, asked: u8, wanted: usize) {
        eventually(|| {
            let listed = cluster.host(asked).skep(&["node", "ls", "--format", "{{.ManagerStatus}}"]);
            let there = listed.out.lines().filter(|line| matches!(line.trim(), "Leader" | "Reachable"));
            match there.count() {
                count if count == wanted => Ok(()),
                _ => Err(format!("{listed:?}")),
            }
        });
    }

    /// The leader becomes a worker, and a manager again at once; each of the three in turn.
    fn change_roles(cluster: &Cluster) {
        cluster.host(0).skep(&["node", "promote", "host1", "host2"]).ok();
        until_managers(cluster, 1, 3);
        for number in [0_u8, 1, 2, 0, 1, 2] {
            let (name, other) = (format!("host{number}"), (number + 1) % 3);
            cluster.host(other).skep(&["node", "demote", &name]).ok();
            until_managers(cluster, other, 2);
            cluster.host(other).skep(&["node", "promote", &name]).ok();
            until_managers(cluster, number, 3);
        }
    }

    fn keys(cluster: &Cluster) -> Vec<String> {
        (0..3)
            .map(|number| std::fs::read_to_string(cluster.host(number).path("data/swarm.keys")).unwrap())
            .collect()
    }

    /// Locks the managers' keys, restarts one, which is locked then, and unlocks it.
    fn lock_and_unlock(cluster: &mut Cluster) {
        cluster.host(0).skep(&["swarm", "update", "--autolock=true"]).ok();
        eventually(|| match keys(cluster).iter().all(|keys| keys.contains("Locked")) {
            true => Ok(()),
            false => Err("a manager's keys are readable".to_owned()),
        });
        cluster.host(0).skep(&["swarm", "unlock-key", "--rotate"]).ok();
        let key = cluster.host(0).skep(&["swarm", "unlock-key", "-q"]).ok();
        // Each manager has locked its keys anew when a restarted one opens with the new key.
        eventually(|| {
            cluster.host_mut(2).kill_daemon();
            cluster.host_mut(2).start();
            let unlocked = cluster.host(2).skep_with_input(&["swarm", "unlock"], &key);
            if unlocked.code == 0 { Ok(()) } else { Err(format!("{unlocked:?}")) }
        });
        until_managers(cluster, 2, 3);
        cluster.host(1).skep(&["swarm", "update", "--autolock=false"]).ok();
    }

    /// Every node gets a certificate of a new root.
    fn renew(cluster: &Cluster) {
        let before = cluster.host(0).skep(&["swarm", "ca"]).ok();
        cluster.host(1).skep(&["swarm", "ca", "--rotate", "--quiet"]).ok();
        assert_ne!(cluster.host(0).skep(&["swarm", "ca"]).ok(), before);
    }

    #[test]
    fn no_request_fails_while_the_swarm_is_changed() {
        let mut cluster = Cluster::new(1, 2);
        deploy(&cluster);
        let (before, namespace) = (containers(&cluster), cluster.host(0).namespaces().client());
        let addresses = targets(&cluster);
        for address in &addresses {
            until("the port is published", || Connection::open(&namespace, *address).ok()?.get("/").ok());
        }
        let load = Load::start(&namespace, &addresses, RATE);

        for step in 0..3 {
            let begun = std::time::Instant::now();
            match step {
                0 => change_roles(&cluster),
                1 => renew(&cluster),
                _ => lock_and_unlock(&mut cluster),
            }
            println!("step {step} took {:?}, {} requests so far", begun.elapsed(), load.answered());
        }
        let rate = load.stop();
        assert_eq!(containers(&cluster), before, "no container was restarted");
        println!("{rate:.0} requests a second were answered");
    }
}
