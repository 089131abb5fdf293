//! Where tasks go: to a node that came later, off one that does not fit any more, and to what operators say that nodes have.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use skep_harness::{Census, Cluster, Host, eventually};

    /// How many tasks of the service run on each host.
    fn spread(host: &Host, service: &str) -> BTreeMap<String, usize> {
        let format = "{{.Node}} {{.CurrentState}}";
        let listed =
            host.skep(&["service", "ps", "-f", "desired-state=running", "--format", format, service]);
        let mut counts = BTreeMap::new();
        for line in listed.ok().lines().filter(|line| line.contains(" Running ")) {
            *counts.entry(line.split(' ').next().unwrap_or_default().to_owned()).or_insert(0) += 1;
        }
        counts
    }

    fn until_spread(host: &Host, service: &str, wanted: &[(&str, usize)]) {
        let wanted: BTreeMap<String, usize> =
            wanted.iter().map(|(host, count)| ((*host).to_owned(), *count)).collect();
        eventually(|| {
            let now = spread(host, service);
            if now == wanted { Ok(()) } else { Err(format!("{now:?} instead of {wanted:?}")) }
        });
    }

    /// Waits until a task of the service that was stopped says this of its end.
    fn until_told(host: &Host, service: &str, why: &str) {
        eventually(|| {
            let stopped = ["service", "ps", "-q", "--no-trunc", "-f", "desired-state=shutdown", service];
            let told: Vec<String> =
                host.skep(&stopped).out.lines().map(|task| host.skep(&["why", task]).out).collect();
            let wanted = format!("it was stopped: {why}");
            if told.iter().any(|text| text.contains(&wanted)) { Ok(()) } else { Err(format!("{told:#?}")) }
        });
    }

    #[test]
    fn a_service_is_spread_over_a_node_that_came_later_and_leaves_it_again() {
        let mut cluster = Cluster::new(1, 1);
        cluster.deploy(0, 6);
        Census::until_as_wanted(&cluster, 0, 6);
        let late = cluster.add_host();
        cluster.join(late, "worker");
        cluster.until_ready();
        let manager = cluster.host(0);
        let planned = manager.skep(&["service", "rebalance", "--dry-run", "web_web"]).ok();
        assert!(planned.starts_with("web_web: 2 tasks would move\n"), "{planned}");
        assert_eq!(planned.matches("-> host2\n").count(), 2, "{planned}");
        assert_eq!(spread(manager, "web_web").get("host2"), None, "a dry run moves nothing");

        let said = manager.skep(&["service", "rebalance"]).ok();
        assert!(said.starts_with("web_web: 2 tasks move, one at a time\n"), "{said}");
        until_spread(manager, "web_web", &[("host0", 2), ("host1", 2), ("host2", 2)]);
        Census::until_as_wanted(&cluster, 0, 6);
        eventually(|| {
            let again = manager.skep(&["service", "rebalance", "web_web"]);
            if again.out == "web_web: nothing to move\n" { Ok(()) } else { Err(format!("{again:?}")) }
        });

        until_told(manager, "web_web", "it was moved to node host2 to spread the service");

        // The node gets a label that the service does not want: its tasks go elsewhere.
        manager
            .skep(&["service", "update", "-d", "--constraint-add", "node.labels.old != yes", "web_web"])
            .ok();
        manager.skep(&["node", "update", "--label-add", "old=yes", "host2"]).ok();
        until_spread(manager, "web_web", &[("host0", 3), ("host1", 3)]);
        Census::until_as_wanted(&cluster, 0, 6);
        until_told(manager, "web_web", "its node host2 does not meet node.labels.old != yes");
    }

    #[test]
    fn tasks_get_what_the_operator_says_that_the_node_has() {
        let host = Host::new();
        let file = host.path("compose.yml");
        std::fs::write(&file, "services: {web: {image: skep/whoami}}\n").unwrap();
        let (file, flag) = (file.display().to_string(), "--node-generic-resource");
        host.skep(&["up", "-q", flag, "GPU=a", flag, "GPU=b", flag, "SSD=3", &file]).ok();
        host.import_busybox("box");
        let asked = ["--generic-resource", "GPU=1", "--generic-resource", "SSD=1", "--replicas", "3"];
        let mut create = vec!["service", "create", "-d", "--name", "gpu"];
        create.extend(asked);
        create.extend(["box", "sh", "-c", "env; sleep 1000"]);
        host.skep(&create).ok();
        eventually(|| {
            let logs = host.skep(&["service", "logs", "--raw", "gpu"]).out;
            let mut given: Vec<&str> =
                logs.lines().filter(|line| line.starts_with("DOCKER_RESOURCE_")).collect();
            given.sort_unstable();
            let wanted = [
                "DOCKER_RESOURCE_GPU=a",
                "DOCKER_RESOURCE_GPU=b",
                "DOCKER_RESOURCE_SSD=1",
                "DOCKER_RESOURCE_SSD=1",
            ];
            if given == wanted { Ok(()) } else { Err(format!("{given:?}")) }
        });
        eventually(|| {
            let listed = host
                .skep(&["service", "ps", "--no-trunc", "--format", "{{.CurrentState}}|{{.Error}}", "gpu"])
                .out;
            let text =
                "no suitable node (insufficient resources on 1 node): GPU: 1 asked, at most 0 free, on";
            if listed.lines().any(|line| line.contains(text)) { Ok(()) } else { Err(listed) }
        });
        host.skep(&["service", "rm", "gpu"]).ok();
        host.stop_started_daemon();
    }
}
