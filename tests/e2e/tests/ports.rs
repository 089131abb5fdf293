//! Where ports are open: in host mode, on one address; and how their connections are spread.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::Path;

    use skep_harness::{Cluster, Connection, eventually, example};

    fn task_at(from: &Path, address: SocketAddr) -> Result<String, String> {
        let answer = Connection::open(from, address)
            .and_then(|mut connection| connection.get("/"))
            .map_err(|error| format!("{address}: {error}"))?;
        answer.line("Hostname").map(str::to_owned).ok_or_else(|| format!("{answer:?}"))
    }

    /// The tasks that answer ten connections.
    fn tasks_at(from: &Path, address: SocketAddr) -> Result<BTreeSet<String>, String> {
        (0..10).map(|_| task_at(from, address)).collect()
    }

    /// What a table of tasks says of their ports.
    fn listed(cluster: &Cluster, service: &str) -> Vec<(String, String)> {
        let format = "{{.Node}}|{{.Ports}}|{{.CurrentState}}|{{.Error}}";
        let shown = cluster.host(0).skep(&["service", "ps", service, "--no-trunc", "--format", format]).ok();
        let fields = |line: &str| {
            let (node, rest) = line.split_once('|').unwrap();
            (node.to_owned(), rest.to_owned())
        };
        shown.lines().map(fields).collect()
    }

    #[test]
    fn ports_are_open_where_they_were_asked_for() {
        let cluster = Cluster::new(1, 1);
        let file = example("ports");
        cluster.host(0).skep(&["stack", "deploy", "--detach", "-c", file.to_str().unwrap(), "ports"]).ok();
        let client = cluster.switch().namespace();
        let at = |number: u8, port: u16| -> SocketAddr {
            (cluster.host(number).namespaces().address(), port).into()
        };

        // Host mode: each node leads to its own task; the third task finds no node, and says why.
        let mut own = BTreeSet::new();
        eventually(|| {
            let each = (0..2).map(|number| tasks_at(&client, at(number, 8090)));
            own = each.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
            if own.len() == 2 { Ok(()) } else { Err(format!("{own:?}")) }
        });
        let tasks = listed(&cluster, "ports_host");
        assert!(
            tasks.iter().any(|(_, rest)| rest.contains("host-mode port already in use on 2 nodes")),
            "{tasks:?}"
        );
        let open = tasks.iter().filter(|(_, rest)| rest.starts_with("*:8090->80/tcp, *:")).count();
        assert_eq!(open, 2, "the chosen ports are shown, too: {tasks:?}");
        let chosen = tasks.iter().find(|(node, _)| node == "host1").unwrap().1.clone();
        let chosen: u16 = chosen.split("*:").nth(2).unwrap().split("->").next().unwrap().parse().unwrap();
        assert_eq!(task_at(&client, at(1, chosen)), task_at(&client, at(1, 8090)));

        // On one address only: every node's localhost, and nobody else's.
        for number in 0..2 {
            let here = cluster.host(number).namespaces().host();
            eventually(|| task_at(&here, (Ipv4Addr::LOCALHOST, 8091).into()).map(drop));
            assert!(task_at(&client, at(number, 8091)).is_err(), "8091 is open to the outside");
        }

        // One client keeps to one task, whichever node it asks; and a node keeps to its own tasks.
        let until = |port: u16, wanted: &dyn Fn(&[BTreeSet<String>]) -> bool| {
            eventually(|| {
                let seen: Vec<_> =
                    (0..2).map(|number| tasks_at(&client, at(number, port))).collect::<Result<_, _>>()?;
                if wanted(&seen) { Ok(()) } else { Err(format!("{port}: {seen:?}")) }
            });
        };
        until(8092, &|seen| seen[0].len() == 1 && seen[0] == seen[1]);
        until(8093, &|seen| seen[0].len() == 1 && seen[1].len() == 1 && seen[0] != seen[1]);
        cluster.host(0).skep(&["stack", "rm", "ports"]).ok();
    }
}
