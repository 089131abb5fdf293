//! Services over several hosts: every node leads to every task, and tasks see who asks.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::Path;

    use skep_harness::{Cluster, Connection, Switch, eventually};

    const PORT: u16 = 8085;
    /// Requests that reach each of six tasks for certain: they are balanced in turn.
    const ROUNDS: usize = 24;

    fn deploy(cluster: &Cluster, replicas: u32) {
        let file = cluster.host(0).path("compose.yml");
        let text = format!(
            "services:\n  web: {{image: skep/whoami, ports: [\"{PORT}:80\"], deploy: {{replicas: {replicas}}}}}\n  \
             back: {{image: skep/whoami, deploy: {{replicas: 3}}}}\n"
        );
        std::fs::write(&file, text).unwrap();
        cluster.host(0).skep(&["stack", "deploy", "-c", file.to_str().unwrap(), "shop"]).ok();
        until_running(cluster, replicas as usize + 3);
    }

    fn until_running(cluster: &Cluster, wanted: usize) {
        eventually(|| {
            let listed =
                cluster.host(0).skep(&["stack", "ps", "shop", "--format", "{{.Node}} {{.CurrentState}}"]);
            let running = listed.out.lines().filter(|line| line.contains(" Running ")).count();
            if running == wanted { Ok(()) } else { Err(format!("{listed:?}")) }
        });
    }

    fn entry(cluster: &Cluster, number: u8) -> SocketAddr {
        (cluster.host(number).namespaces().address(), PORT).into()
    }

    /// The tasks that answer at an address, as it is asked from a namespace, and whom they saw.
    fn answers(
        namespace: &Path,
        address: SocketAddr,
        path: &str,
    ) -> Result<(BTreeSet<String>, BTreeSet<String>), String> {
        let (mut tasks, mut clients) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..ROUNDS {
            let asked = Connection::open(namespace, address).and_then(|mut connection| connection.get(path));
            let answer = asked.map_err(|error| format!("{address}{path}: {error}"))?;
            if answer.status != 200 {
                return Err(format!("{address}{path}: {answer:?}"));
            }
            let line = |name| answer.line(name).unwrap_or_default().to_owned();
            tasks.insert(line("Hostname"));
            let client: SocketAddr = line("Client").parse().map_err(|_| format!("{answer:?}"))?;
            clients.insert(client.ip().to_string());
        }
        Ok((tasks, clients))
    }

    /// Waits until so many tasks answer there; gives the clients that they saw.
    fn all_answer(from: &Path, address: SocketAddr, path: &str, tasks: usize) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        eventually(|| {
            let (found, clients) = answers(from, address, path)?;
            seen = clients;
            if found.len() == tasks { Ok(()) } else { Err(format!("{address}{path}: {found:?}")) }
        });
        seen
    }

    #[test]
    fn every_node_leads_to_every_task() {
        let cluster = Cluster::new(1, 2);
        deploy(&cluster, 6);
        let client = cluster.switch().namespace();
        for number in 0..3 {
            let seen = all_answer(&client, entry(&cluster, number), "/", 6);
            assert_eq!(seen, BTreeSet::from([Switch::GATEWAY.to_owned()]), "tasks see the client");
            // From the host itself: tasks see an address of it.
            let host = cluster.host(number).namespaces();
            let local = (Ipv4Addr::LOCALHOST, PORT).into();
            let seen = all_answer(&host.host(), local, "/", 6);
            assert_eq!(seen, BTreeSet::from([host.address().to_string()]), "host{number} asks itself");
            // From container to service by its name: each task of web asks back, which answers from everywhere.
            let seen = all_answer(&client, entry(&cluster, number), "/call?url=http://back/", 3);
            assert!(
                seen.iter().all(|address| address.starts_with("10.1.")),
                "back sees the tasks of web by their own addresses: {seen:?}"
            );
        }
        // One task is left, on one of the three: all still lead there.
        cluster.host(0).skep(&["service", "scale", "shop_web=1"]).ok();
        for number in 0..3 {
            all_answer(&client, entry(&cluster, number), "/", 1);
        }
        cluster.host(0).skep(&["stack", "rm", "shop"]).ok();
    }

    #[test]
    fn a_host_that_is_lost_costs_the_others_nothing_and_comes_back() {
        let mut cluster = Cluster::new(1, 2);
        deploy(&cluster, 6);
        let client = cluster.switch().namespace();
        all_answer(&client, entry(&cluster, 1), "/", 6);
        cluster.host_mut(2).kill_everything();
        // Its tasks are replaced on the others, and only those are asked.
        all_answer(&client, entry(&cluster, 0), "/", 6);
        all_answer(&client, entry(&cluster, 1), "/", 6);
        cluster.host_mut(2).start();
        cluster.until_ready();
        all_answer(&client, entry(&cluster, 2), "/", 6);
        all_answer(&client, entry(&cluster, 2), "/call?url=http://back/", 3);
    }
}
