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

    fn change_roles(cluster: &Cluster) {
        cluster.host(0).skep(&["node", "promote", "host1", "host2"]).ok();
        until_managers(cluster, 1, 3);
        cluster.host(1).skep(&["node", "demote", "host0"]).ok();
        until_managers(cluster, 1, 2);
        cluster.host(2).skep(&["node", "promote", "host0"]).ok();
        until_managers(cluster, 0, 3);
    }

    #[test]
    fn no_request_fails_while_the_swarm_is_changed() {
        let cluster = Cluster::new(1, 2);
        deploy(&cluster);
        let (before, namespace) = (containers(&cluster), cluster.host(0).namespaces().client());
        let addresses = targets(&cluster);
        for address in &addresses {
            until("the port is published", || Connection::open(&namespace, *address).ok()?.get("/").ok());
        }
        let load = Load::start(&namespace, &addresses, RATE);

        change_roles(&cluster);

        let rate = load.stop();
        assert_eq!(containers(&cluster), before, "no container was restarted");
        println!("{rate:.0} requests a second were answered");
    }
}
