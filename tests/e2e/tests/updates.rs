//! Changes of a service under load: no request fails, whatever is changed.

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use skep_harness::{Cluster, Connection, Load, eventually, until};

    /// Requests a second over all hosts, half of them over kept connections.
    const RATE: u32 = 1000;
    const PORT: u16 = 8085;

    /// Updates of each order, and of scalings and drains half as many; a long run asks for more.
    fn updates() -> u32 {
        std::env::var("SKEP_TEST_UPDATES").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
    }

    /// Ten tasks with a health check on three hosts, published on each.
    fn created() -> Cluster {
        let cluster = Cluster::new(1, 2);
        let published = format!("{PORT}:80");
        let create = [
            "service",
            "create",
            "--name",
            "web",
            "--replicas",
            "10",
            "--publish",
            &published,
            "--health-cmd",
            r#"["/skep", "whoami", "check"]"#,
            "--health-interval",
            "1s",
            "--health-start-period",
            "10s",
            "--health-start-interval",
            "100ms",
            "--update-parallelism",
            "2",
            "--update-monitor",
            "500ms",
            "--update-failure-action",
            "rollback",
            "skep/whoami",
        ];
        cluster.host(0).skep(&create).ok();
        cluster
    }

    /// Begins the load, once all ports answer.
    fn loaded(cluster: &Cluster) -> Load {
        let namespace = cluster.host(0).namespaces().client();
        let targets: Vec<SocketAddr> =
            (0..3).map(|number| (cluster.host(number).namespaces().address(), PORT).into()).collect();
        for address in &targets {
            until("the port is published", || Connection::open(&namespace, *address).ok()?.get("/").ok());
        }
        Load::start(&namespace, &targets, RATE)
    }

    fn running(cluster: &Cluster, filter: &str) -> usize {
        let format = ["service", "ps", "web", "--filter", "desired-state=running", "--format"];
        let listed = cluster.host(0).skep(&[&format[..], &["{{.Node}} {{.CurrentState}}"]].concat()).ok();
        listed.lines().filter(|line| line.contains(" Running ") && line.contains(filter)).count()
    }

    #[test]
    fn no_request_fails_while_a_service_is_updated() {
        let cluster = created();
        let load = loaded(&cluster);
        for order in ["start-first", "stop-first"] {
            let begun = std::time::Instant::now();
            for number in 0..updates() {
                let variable = format!("GENERATION={order}-{number}");
                let update =
                    ["service", "update", "--quiet", "--update-order", order, "--env-add", &variable, "web"];
                cluster.host(0).skep(&update).ok();
            }
            println!(
                "{} updates, {order}: {:?}, {} requests so far",
                updates(),
                begun.elapsed(),
                load.answered()
            );
        }
        assert_eq!(running(&cluster, ""), 10);
        println!("{:.0} requests a second were answered, none failed", load.stop());
    }

    #[test]
    fn no_request_fails_while_a_service_is_scaled_and_a_node_drained() {
        let cluster = created();
        let load = loaded(&cluster);
        for _ in 0..updates().div_ceil(2) {
            for replicas in ["3", "10"] {
                cluster.host(0).skep(&["service", "scale", &format!("web={replicas}")]).ok();
            }
            println!("scaled, {} requests so far", load.answered());
            cluster.host(0).skep(&["node", "update", "--availability", "drain", "host2"]).ok();
            eventually(|| match (running(&cluster, ""), running(&cluster, "host2")) {
                (10, 0) => Ok(()),
                counts => Err(format!("{counts:?}")),
            });
            println!("drained, {} requests so far", load.answered());
            cluster.host(0).skep(&["node", "update", "--availability", "active", "host2"]).ok();
            cluster.host(0).skep(&["service", "rebalance", "web"]).ok();
        }
        println!("{:.0} requests a second were answered, none failed", load.stop());
    }
}
