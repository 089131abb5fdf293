//! Plain containers on attachable networks of the swarm, on a manager and on a worker.

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::Value;
    use skep_harness::{Cluster, Host, Ran, eventually, example, until};

    const IMAGE: &str = "bb:1";
    const PORT: u16 = 8131;

    /// A manager and a worker, with a network and a service of two tasks on it, one on each.
    fn cluster() -> Cluster {
        let cluster = Cluster::new(1, 1);
        let manager = cluster.host(0);
        manager.skep(&["network", "create", "--attachable", "shared"]).ok();
        let file = manager.path("compose.yml");
        let text = format!(
            "services:\n  web: {{image: skep/whoami, ports: [\"{PORT}:80\"], networks: [shared], deploy: {{replicas: 2}}}}\n\
             networks: {{shared: {{external: true}}}}\n"
        );
        std::fs::write(&file, text).unwrap();
        manager.skep(&["stack", "deploy", "--detach=false", "-c", file.to_str().unwrap(), "app"]).ok();
        (0..2).for_each(|number| cluster.host(number).import_busybox(IMAGE));
        cluster
    }

    fn run(host: &Host, flags: &str, script: &str) -> Ran {
        let words = format!("run {flags} {IMAGE} sh -c");
        host.skep(&words.split(' ').chain([script]).collect::<Vec<_>>())
    }

    fn network(cluster: &Cluster, name: &str) -> Value {
        let out = cluster.host(0).skep(&["network", "inspect", "--verbose", name]).ok();
        serde_json::from_str::<Value>(&out).unwrap()[0].clone()
    }

    fn address(host: &Host, name: &str) -> String {
        let out = host.skep(&["container", "inspect", name]).ok();
        let shown = serde_json::from_str::<Value>(&out).unwrap();
        shown[0]["NetworkSettings"]["Networks"]["shared"]["IPAddress"].as_str().unwrap_or_default().to_owned()
    }

    /// The rules of a host.
    fn rules(host: &Host) -> String {
        let namespace = host.namespaces().host();
        let name = namespace.file_name().unwrap().to_str().unwrap();
        let listed =
            Command::new("ip").args(["netns", "exec", name, "nft", "list", "ruleset"]).output().unwrap();
        String::from_utf8_lossy(&listed.stdout).into_owned()
    }

    /// A container's control groups.
    fn groups(id: &str) -> String {
        let found = Command::new("find").args(["/sys/fs/cgroup", "-name", id]).output().unwrap();
        String::from_utf8_lossy(&found.stdout).into_owned()
    }

    /// Both tasks of the service find a name, and are answered there by the container with this host name.
    fn until_found(cluster: &Cluster, name: &str, hostname: &str) {
        for _ in 0..6 {
            eventually(|| {
                let path = format!("/call?url=http%3A%2F%2F{name}%2F");
                let answer = cluster.host(0).get(PORT, &path).map_err(|error| error.to_string())?;
                let found = answer.body.contains(&format!("Hostname: {hostname}\n"));
                if found { Ok(()) } else { Err(answer.body) }
            });
        }
    }

    #[test]
    fn a_container_and_a_service_find_each_other_across_hosts() {
        let cluster = cluster();
        for (here, there) in [(1, 0), (0, 1)] {
            let host = cluster.host(here);
            let asked =
                run(host, "--rm --network shared", "wget -qO- http://app_web/; nslookup app_web").ok();
            assert!(asked.contains("Hostname: "), "host{here}: {asked}");
            let vip = network(&cluster, "shared")["Services"]["app_web"]["VIP"].as_str().unwrap().to_owned();
            assert!(asked.contains(&vip), "host{here}: {asked}");
            let asked = run(host, "--rm --network shared", &format!("wget -qO- http://{vip}/")).ok();
            assert!(asked.contains("Hostname: "), "host{here}: {asked}");

            let (name, alias) = (format!("db{here}"), format!("store{here}"));
            let before = host.leftovers();
            let flags = format!(
                "run -d --name {name} -h box{here} --network shared --network-alias {alias} skep/whoami"
            );
            let id = host.skep(&flags.split(' ').collect::<Vec<_>>()).ok().trim().to_owned();
            until_found(&cluster, &name, &format!("box{here}"));
            until_found(&cluster, &alias, &format!("box{here}"));
            // Another one, on the other host, too.
            let asked =
                run(cluster.host(there), "--rm --network shared", &format!("wget -qO- http://{name}/")).ok();
            assert!(asked.contains(&format!("Hostname: box{here}\n")), "{asked}");

            let shown = network(&cluster, "shared");
            let own =
                shown["Containers"].as_object().unwrap().values().any(|one| one["Name"] == name.as_str());
            assert_eq!((own, shown["Peers"].as_array().unwrap().len()), (here == 0, 2), "{shown}");
            let first = address(host, &name);
            host.skep(&["stop", &name]).ok();
            assert_eq!(address(host, &name), "");
            until("its name is forgotten", || {
                let ran = run(cluster.host(there), "--rm --network shared", &format!("nslookup {name}"));
                (ran.code != 0).then_some(())
            });
            host.skep(&["start", &name]).ok();
            let second = address(host, &name);
            assert_ne!(second, first, "an address rests");
            assert!(rules(host).contains(&second) && !groups(&id).is_empty());
            until_found(&cluster, &name, &format!("box{here}"));
            host.skep(&["rm", "-f", &name]).ok();
            eventually(|| {
                let mut new = host.leftovers();
                new.retain(|left| !before.contains(left));
                let rules = rules(host);
                new.extend([&first, &second].into_iter().filter(|address| rules.contains(*address)).cloned());
                if new.is_empty() { Ok(()) } else { Err(format!("left: {new:?}")) }
            });
            assert!(groups(&id).is_empty(), "{:?}", groups(&id));
        }
    }

    #[test]
    fn a_container_is_beside_a_stack_until_it_goes_and_holds_the_network() {
        let host = Host::started();
        host.skep(&["up", example("attachable").to_str().unwrap()]).ok();
        host.import_busybox(IMAGE);
        let asked = run(&host, "--rm --network attachable_shared", "wget -qO- http://web/").ok();
        assert!(asked.contains("Hostname: "), "{asked}");
        run(&host, "-d --name shell --network attachable_shared", "sleep 1000").ok();
        host.skep(&["down", "attachable"]).ok();
        let listed = || host.skep(&["network", "ls", "--format", "{{.Name}}"]).ok();
        assert!(listed().contains("attachable_shared"), "a container is on it");
        let again = run(&host, "--network attachable_shared", "true");
        assert!(again.err.contains("network attachable_shared not found"), "{again:?}");
        host.skep(&["rm", "-f", "shell"]).ok();
        until("the network goes", || (!listed().contains("attachable_shared")).then_some(()));
        host.skep(&["container", "prune", "-f"]).ok();
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn a_lost_leader_takes_no_place_along() {
        let mut cluster = Cluster::new(3, 0);
        cluster.host(0).skep(&["network", "create", "--attachable", "shared"]).ok();
        let leader = cluster.leader();
        let (here, there) = ((leader + 1) % 3, (leader + 2) % 3);
        let flags = "run -d --name db -h box --network shared skep/whoami";
        cluster.host(here).skep(&flags.split(' ').collect::<Vec<_>>()).ok();
        let first = address(cluster.host(here), "db");
        cluster.host_mut(leader).kill_daemon();
        cluster.leader();
        let host = cluster.host(there);
        host.import_busybox(IMAGE);
        eventually(|| {
            let asked = run(host, "--rm --network shared", "busybox timeout 5 wget -qO- http://db/");
            if asked.out.contains("Hostname: box\n") { Ok(()) } else { Err(format!("{asked:?}")) }
        });
        assert_eq!(address(cluster.host(here), "db"), first);
        run(host, "-d --name other --network shared", "sleep 1000").ok();
        assert_ne!(address(host, "other"), first);
    }

    #[test]
    fn networks_that_are_not_for_containers_are_refused() {
        let cluster = cluster();
        cluster.host(0).skep(&["network", "create", "closed"]).ok();
        for number in 0..2 {
            let host = cluster.host(number);
            for (network, told) in [
                ("closed", "network closed not manually attachable"),
                ("ingress", "network ingress not manually attachable"),
                ("nowhere", "network nowhere not found"),
            ] {
                let ran = run(host, &format!("--name refused-{network} --network {network}"), "true");
                assert!(ran.code == 125 && ran.err.contains(told), "host{number} {network}: {ran:?}");
            }
            let ran = run(host, "--network none --network shared", "true");
            assert!(
                ran.code == 125 && ran.err.contains("HostConfig.NetworkMode: 'none' and shared"),
                "{ran:?}"
            );
            // What was refused is there, as with Docker, and has nothing.
            assert_eq!(host.skep(&["container", "prune", "-f"]).ok().lines().count(), 4);
        }
        let small = "network create --attachable --subnet 10.77.0.0/29 small";
        cluster.host(0).skep(&small.split(' ').collect::<Vec<_>>()).ok();
        for number in 0..5 {
            run(cluster.host(1), &format!("-d --name c{number} --network small"), "sleep 1000").ok();
        }
        let full = run(cluster.host(1), "--network small", "true");
        assert!(full.code == 125 && full.err.contains("the network small has no free address"), "{full:?}");
        let in_use = cluster.host(0).skep(&["network", "rm", "small"]).failed();
        assert!(
            in_use.contains("network small is in use by container c") && in_use.contains("host1"),
            "{in_use}"
        );
        assert!(!cluster.host(0).skep(&["network", "prune", "-f"]).ok().contains("small"));
    }

    #[test]
    fn a_container_keeps_its_place_until_it_or_its_node_goes() {
        let mut cluster = cluster();
        let start = |cluster: &Cluster| {
            let flags = "run -d --name db -h box --network shared skep/whoami";
            cluster.host(1).skep(&flags.split(' ').collect::<Vec<_>>()).ok();
        };
        start(&cluster);
        let first = address(cluster.host(1), "db");
        until_found(&cluster, "db", "box");
        cluster.host(0).skep(&["node", "update", "--availability", "drain", "host1"]).ok();
        until_found(&cluster, "db", "box");
        cluster.host(0).skep(&["node", "update", "--availability", "active", "host1"]).ok();
        // The node's daemon, then the leader's.
        for number in [1, 0] {
            cluster.host_mut(number).kill_daemon();
            cluster.host_mut(number).start();
            cluster.until_ready();
            assert_eq!(address(cluster.host(1), "db"), first);
            until_found(&cluster, "db", "box");
        }
        // Its end while nobody can be told is told later.
        cluster.host_mut(0).kill_daemon();
        cluster.host(1).skep(&["rm", "-f", "db"]).ok();
        cluster.host_mut(0).start();
        cluster.until_ready();
        let free = |cluster: &Cluster, what: &str| {
            cluster.host(0).skep(&["stack", "rm", "app"]);
            until(what, || (cluster.host(0).skep(&["network", "rm", "shared"]).code == 0).then_some(()));
            cluster.host(0).skep(&["network", "create", "--attachable", "shared"]).ok();
        };
        free(&cluster, "nothing is on the network after its end");

        start(&cluster);
        cluster.host(0).skep(&["network", "rm", "shared"]).failed();
        cluster.host_mut(1).kill_everything();
        until("the node is down", || {
            let listed = cluster.host(0).skep(&["node", "ls", "--format", "{{.Hostname}} {{.Status}}"]).ok();
            listed.contains("host1 Down").then_some(())
        });
        cluster.host(0).skep(&["network", "rm", "shared"]).failed();
        cluster.host_mut(1).start();
        cluster.until_ready();
        free(&cluster, "nothing is on the network after its host lost its power");

        cluster.host(1).skep(&["rm", "-f", "db"]).ok();
        start(&cluster);
        cluster.host(0).skep(&["network", "rm", "shared"]).failed();
        let warned = cluster.host(1).skep(&["swarm", "leave"]).failed();
        assert!(warned.contains("also those that are no service's: db."), "{warned}");
        cluster.host(1).skep(&["swarm", "leave", "--force"]).ok();
        free(&cluster, "nothing is on the network after its node left");
        cluster.host(1).assert_clean();
    }
}
