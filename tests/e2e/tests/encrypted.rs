//! Encrypted networks over several hosts: they work as all do, and nobody between the hosts can read what passes.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{Ipv4Addr, SocketAddr};

    use skep_harness::{Cluster, Connection, Wire, eventually};

    const PORT: u16 = 8086;
    const PLAIN: u16 = 4789;
    const SEALED: u16 = 4790;
    /// Requests that reach each of three tasks for certain: they are balanced in turn.
    const ROUNDS: usize = 12;

    fn deploy(cluster: &Cluster, network: &str) {
        let file = cluster.host(0).path("compose.yml");
        let text = format!(
            "services:\n  web: {{image: skep/whoami, ports: [\"{PORT}:80\"], deploy: {{replicas: 3}}}}\n  \
             back: {{image: skep/whoami, deploy: {{replicas: 3}}}}\n{network}"
        );
        std::fs::write(&file, text).unwrap();
        cluster.host(0).skep(&["stack", "deploy", "-c", file.to_str().unwrap(), "shop"]).ok();
        eventually(|| {
            let listed = cluster.host(0).skep(&["stack", "ps", "shop", "--format", "{{.CurrentState}}"]);
            let running = listed.out.lines().filter(|line| line.starts_with("Running ")).count();
            if running == 6 { Ok(()) } else { Err(format!("{listed:?}")) }
        });
    }

    /// Asks a host from itself, until three tasks have answered.
    fn all_answer(cluster: &Cluster, number: u8, path: &str) {
        let from = cluster.host(number).namespaces().host();
        let address: SocketAddr = (Ipv4Addr::LOCALHOST, PORT).into();
        let ask = || -> Result<BTreeSet<String>, String> {
            let mut tasks = BTreeSet::new();
            for _ in 0..ROUNDS {
                let asked = Connection::open(&from, address).and_then(|mut open| open.get(path));
                let answer = asked.map_err(|error| format!("{path}: {error}"))?;
                if answer.status != 200 {
                    return Err(format!("{path}: {answer:?}"));
                }
                tasks.insert(answer.line("Hostname").unwrap_or_default().to_owned());
            }
            Ok(tasks)
        };
        eventually(|| {
            let tasks = ask()?;
            if tasks.len() == 3 { Ok(()) } else { Err(format!("host{number} {path}: {tasks:?}")) }
        });
    }

    /// The subnet of the stack's network, as the first three numbers of its addresses.
    fn subnet(cluster: &Cluster) -> [u8; 3] {
        let inspected = cluster.host(0).skep(&["network", "inspect", "shop_default"]).ok();
        let shown: serde_json::Value = serde_json::from_str(&inspected).unwrap();
        assert_eq!(shown[0]["Options"]["encrypted"], "true", "{shown}");
        let text = shown[0]["IPAM"]["Config"][0]["Subnet"].as_str().unwrap().to_owned();
        let (address, _) = text.split_once('/').unwrap();
        let [a, b, c, _] = address.parse::<Ipv4Addr>().unwrap().octets();
        [a, b, c]
    }

    #[test]
    fn an_encrypted_network_is_not_to_be_read_between_hosts() {
        let mut cluster = Cluster::new(1, 2);
        deploy(&cluster, "networks:\n  default: {driver_opts: {encrypted: \"true\"}}\n");
        let subnet = subnet(&cluster);
        let of_network = |address: Ipv4Addr| address.octets()[..3] == subnet;
        let wire = Wire::tap(&cluster.switch().namespace());
        for number in 0..3 {
            all_answer(&cluster, number, "/call?url=http://back/");
        }
        let heard = wire.end();
        assert!(heard.to_port(SEALED) > 0, "the services of different hosts have talked");
        assert!(heard.within(PLAIN, |_| true) > 0, "the ports' network is not encrypted, and was heard");
        assert_eq!(heard.within(PLAIN, of_network), 0, "nothing of the encrypted network went plain");
        // A daemon that dies comes back to its peers; nothing goes plain meanwhile.
        let wire = Wire::tap(&cluster.switch().namespace());
        cluster.host_mut(1).kill_daemon();
        cluster.host_mut(1).start();
        cluster.until_ready();
        for number in 0..3 {
            all_answer(&cluster, number, "/call?url=http://back/");
        }
        assert_eq!(wire.end().within(PLAIN, of_network), 0);
        cluster.host(0).skep(&["stack", "rm", "shop"]).ok();
    }

    #[test]
    fn a_swarm_may_encrypt_all_networks() {
        let cluster = Cluster::new(1, 2);
        deploy(&cluster, "");
        let everywhere = || {
            for number in 0..3 {
                all_answer(&cluster, number, "/");
                all_answer(&cluster, number, "/call?url=http://back/");
            }
        };
        let heard = || {
            let wire = Wire::tap(&cluster.switch().namespace());
            everywhere();
            wire.end()
        };
        everywhere();
        let plain = heard();
        assert!(plain.to_port(PLAIN) > 0 && plain.showing("Hostname: ") > 0 && plain.to_port(SEALED) == 0);
        cluster.host(0).skep(&["swarm", "update", "--encrypt-networks"]).ok();
        let info = cluster.host(0).skep(&["info"]).ok();
        assert!(info.contains("Encrypted Networks: all"), "{info}");
        // Hosts hear of it one after the other.
        eventually(|| {
            let sealed = heard();
            let (vxlan, text) = (sealed.to_port(PLAIN), sealed.showing("Hostname: "));
            if (vxlan, text) == (0, 0) && sealed.to_port(SEALED) > 0 {
                Ok(())
            } else {
                Err(format!("{vxlan} plain packets, {text} that can be read"))
            }
        });
        cluster.host(0).skep(&["swarm", "update", "--encrypt-networks=false"]).ok();
        eventually(|| if heard().to_port(PLAIN) > 0 { Ok(()) } else { Err("still encrypted".to_owned()) });
        cluster.host(0).skep(&["stack", "rm", "shop"]).ok();
    }
}
