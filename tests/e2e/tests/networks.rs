//! Networks as users make them, and the way between hosts as operators choose it.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use serde_json::Value;
    use skep_harness::{Connection, Host, Namespaces, Switch, eventually, until};

    /// A port beside the host.
    const OUTSIDE: u16 = 9099;

    fn inspected(host: &Host, words: &[&str]) -> Value {
        let out = host.skep(&[&["network", "inspect"], words].concat()).ok();
        let all: Value = serde_json::from_str(&out).unwrap();
        all[0].clone()
    }

    /// Deploys a file as the stack `shop`; gives what was said.
    fn deploy(host: &Host, text: &str) -> String {
        let file = host.path("compose.yml");
        std::fs::write(&file, text).unwrap();
        host.skep(&["stack", "deploy", "-c", file.to_str().unwrap(), "shop"]).ok()
    }

    #[test]
    fn a_network_is_made_used_by_a_stack_and_removed() {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        let flags = "network create --attachable --subnet 10.5.0.0/16 --ip-range 10.5.7.0/28 --gateway 10.5.7.2 --label \
                     team=blue common";
        let id = host.skep(&flags.split(' ').collect::<Vec<_>>()).ok();
        let listed =
            |filter: &str| host.skep(&["network", "ls", "-q", "--no-trunc", "--filter", filter]).ok();
        for filter in ["label=team=blue", "name=common", "type=custom"] {
            assert_eq!(listed(filter), id, "{filter}");
        }
        let overlap = host.skep(&["network", "create", "--subnet", "10.5.7.0/24", "other"]).failed();
        assert!(overlap.contains("10.5.0.0/16 of network common"), "{overlap}");

        let said = deploy(
            &host,
            "services:\n  web: {image: skep/whoami, ports: [\"8080:80\"], networks: [common], deploy: {replicas: 3}}\n\
             networks: {common: {external: true}}\n",
        );
        assert!(said.contains("published 0.0.0.0:8080/tcp -> web:80\n"), "{said}");
        let shown = inspected(&host, &["--verbose", "common"]);
        assert_eq!((&shown["Attachable"], &shown["Labels"]["team"]), (&true.into(), &"blue".into()));
        assert_eq!(shown["IPAM"]["Config"][0]["Gateway"], "10.5.7.2");
        let web = &shown["Services"]["shop_web"];
        let tasks = web["Tasks"].as_array().unwrap().iter().map(|task| &task["EndpointIP"]);
        let addresses: BTreeSet<Ipv4Addr> =
            tasks.chain([&web["VIP"]]).map(|text| text.as_str().unwrap().parse().unwrap()).collect();
        let wanted = [0, 1, 3, 4].map(|last| Ipv4Addr::new(10, 5, 7, last));
        assert_eq!(addresses, BTreeSet::from(wanted), "the first of the range, without the gateway's");
        let containers = shown["Containers"].as_object().unwrap();
        assert!(containers.len() == 3 && shown["Peers"].as_array().unwrap().len() == 1, "{shown}");

        let in_use = host.skep(&["network", "rm", "common"]).failed();
        assert!(in_use.contains("network common is in use by service shop_web"), "{in_use}");
        assert_eq!(host.skep(&["network", "prune", "-f"]).ok(), "");
        let again = deploy(
            &host,
            "services:\n  web: {image: skep/whoami, ports: [\"8080:80\", \"8081:80\"], networks: [common]}\n\
             networks: {common: {external: true}}\n",
        );
        assert!(
            again.contains("published 0.0.0.0:8081/tcp -> web:80\n") && !again.contains("0.0.0.0:8080"),
            "{again}"
        );

        host.skep(&["stack", "rm", "--detach=false", "shop"]).ok();
        until("nothing uses the network", || {
            (host.skep(&["network", "rm", "common"]).code == 0).then_some(())
        });
        // The same subnet is there at once; addresses that were in use a moment ago are not.
        host.skep(&["network", "create", "--subnet", "10.5.0.0/16", "--ip-range", "10.5.7.0/28", "common"])
            .ok();
        deploy(
            &host,
            "services: {web: {image: skep/whoami, networks: [common]}}\nnetworks: {common: {external: true}}\n",
        );
        let shown = inspected(&host, &["--verbose", "common"]);
        let web = &shown["Services"]["shop_web"];
        for text in [&web["VIP"], &web["Tasks"][0]["EndpointIP"]] {
            let address: Ipv4Addr = text.as_str().unwrap().parse().unwrap();
            assert!(!addresses.contains(&address), "{address} was in use a moment ago");
        }
        host.skep(&["stack", "rm", "--detach=false", "shop"]).ok();
        until("the network goes", || {
            (host.skep(&["network", "prune", "-f"]).ok() == "Deleted Networks:\ncommon\n").then_some(())
        });
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn what_is_only_on_an_internal_network_reaches_nobody_outside() {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        host.skep(&["network", "create", "--internal", "closed"]).ok();
        deploy(
            &host,
            "services:\n  front: {image: skep/whoami, ports: [\"8080:80\"], networks: [closed, open]}\n  \
             inside: {image: skep/whoami, networks: [closed]}\n  \
             outgoing: {image: skep/whoami, networks: [open]}\n\
             networks: {open: {}, closed: {external: true}}\n",
        );
        let outside = format!("http%253A%252F%252F{}%253A{OUTSIDE}%252F", Namespaces::CLIENT);
        let ask = |who: &str| {
            let path = format!("/call?url=http%3A%2F%2F{who}%2Fcall%3Furl%3D{outside}");
            host.get(8080, &path).map(|answer| answer.body)
        };
        serving(&host, || {
            eventually(|| match ask("outgoing") {
                Ok(text) if text.contains("I am outside") => Ok(()),
                other => Err(format!("outgoing: {other:?}")),
            });
            let told = ask("inside").unwrap();
            assert!(told.contains("Status: 502") && told.contains("Error: "), "{told}");
        });
        host.skep(&["stack", "rm", "shop"]).ok();
    }

    /// Serves beside the host, outside of all its networks, while `work` runs.
    fn serving(host: &Host, work: impl FnOnce()) {
        let bind = || TcpListener::bind((Namespaces::CLIENT, OUTSIDE)).unwrap();
        let listener = Namespaces::inside(&host.namespaces().client(), bind);
        listener.set_nonblocking(true).unwrap();
        let done = AtomicBool::new(false);
        let serve = || {
            while !done.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((client, _)) => drop(answer(client)),
                    Err(_) => std::thread::sleep(Duration::from_millis(10)),
                }
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(serve);
            // The server ends with the work, however that ends.
            let outcome = catch_unwind(AssertUnwindSafe(work));
            done.store(true, Ordering::Relaxed);
            outcome.unwrap_or_else(|panic| resume_unwind(panic));
        });
    }

    /// Answers one request; before it is read, closing would reset the connection.
    fn answer(mut client: TcpStream) -> std::io::Result<()> {
        client.set_nonblocking(false)?;
        client.set_read_timeout(Some(Duration::from_secs(5)))?;
        let _ = client.read(&mut [0; 4096])?;
        client.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nI am outside")
    }

    #[test]
    fn what_skep_has_not_is_refused_by_name() {
        let host = Host::started();
        let pool = ["--default-addr-pool", "10.20.0.0/22", "--default-addr-pool-mask-length", "26"];
        host.skep(&[&["swarm", "init"], &pool[..]].concat()).ok();
        host.skep(&["network", "create", "pooled"]).ok();
        eventually(|| match inspected(&host, &["pooled"])["IPAM"]["Config"][0]["Subnet"].as_str() {
            Some("10.20.1.0/26") => Ok(()),
            other => Err(format!("behind the ingress network, a quarter of the pool: {other:?}")),
        });
        host.skep(&["network", "rm", "pooled"]).ok();
        for (flags, words) in [
            ("--driver bridge", "'bridge' is not a network driver of Skep; use overlay"),
            ("--ipv6 --subnet ff02::/64", "not for hosts"),
            ("--ingress", "the ingress network is made with the swarm"),
            ("--config-only", "ConfigOnly"),
            ("--config-from other", "ConfigFrom"),
            ("--ipam-driver other", "IPAM.Driver"),
            ("--aux-address a=10.5.0.4 --subnet 10.5.0.0/24", "IPAM.Config.AuxiliaryAddresses"),
            ("-o mtu=9000", "known: encrypted"),
            ("--subnet 10.5.0.9/24", "write 10.5.0.0/24"),
            ("--gateway 10.5.0.1", "every ip-range or gateway must have a corresponding subnet"),
        ] {
            let line = format!("network create {flags} x");
            let refused = host.skep(&line.split(' ').collect::<Vec<_>>()).failed();
            assert!(refused.contains(words), "{flags}: {refused}");
        }
        let names = host.skep(&["network", "ls", "--format", "{{.Name}}"]).ok();
        assert_eq!(names, "ingress\n");
    }

    /// Three hosts with a second link each, over which their tunnel goes, on a port of its own.
    fn hosts_with_a_data_path(switch: &Switch) -> Vec<Host> {
        let host = |number: u8| {
            let mut host = Host::on(switch, number);
            host.namespaces().second_link(switch, number, &format!("10.97.0.{}/24", 10 + number));
            host.start();
            host
        };
        let hosts: Vec<Host> = (0..3).map(host).collect();
        let init = ["swarm", "init", "--advertise-addr", "eth0", "--data-path-addr", "10.97.0.10"];
        hosts[0].skep(&[&init[..], &["--data-path-port", "5789"]].concat()).ok();
        let token = hosts[0].skep(&["swarm", "join-token", "-q", "worker"]).ok();
        for host in &hosts[1..] {
            let manager = format!("{}:2377", hosts[0].namespaces().address());
            let join = ["swarm", "join", "--data-path-addr", "eth1", "--token", token.trim(), &manager];
            host.skep(&join).ok();
        }
        hosts
    }

    /// Waits until the three tasks, one on each host, answer at every host.
    fn until_all_answer(switch: &Switch, hosts: &[Host]) {
        for host in hosts {
            let address: SocketAddr = (host.namespaces().address(), 8080).into();
            eventually(|| {
                let mut seen = BTreeSet::new();
                for _ in 0..12 {
                    let asked = Connection::open(&switch.namespace(), address).and_then(|mut to| to.get("/"));
                    let answer = asked.map_err(|error| format!("{address}: {error}"))?;
                    seen.insert(answer.line("Task").unwrap_or_default().to_owned());
                }
                if seen.len() == 3 { Ok(()) } else { Err(format!("{address}: {seen:?}")) }
            });
        }
    }

    /// What the host's kernel says of its tunnel.
    fn tunnel(host: &Host) -> String {
        let shown = Namespaces::inside(&host.namespaces().host(), || {
            let shown = |words: &str| Command::new("ip").args(words.split(' ')).output().unwrap().stdout;
            [shown("-d link show skep-vx"), shown("neighbour show dev skep-vx")].concat()
        });
        let bridge = Namespaces::inside(&host.namespaces().host(), || {
            Command::new("bridge").args(["fdb", "show", "dev", "skep-vx"]).output().unwrap().stdout
        });
        String::from_utf8([shown, bridge].concat()).unwrap()
    }

    #[test]
    fn the_tunnel_takes_the_way_and_port_that_operators_choose_and_follows_a_new_address() {
        let switch = Switch::new();
        let mut hosts = hosts_with_a_data_path(&switch);
        let info = hosts[0].skep(&["info"]).ok();
        for line in
            ["  Data Path Port: 5789\n", "  Data Path Address: 10.97.0.10\n", "  Node Address: 10.98.0.10\n"]
        {
            assert!(info.contains(line), "{line} is not in {info}");
        }
        deploy(
            &hosts[0],
            "services: {web: {image: skep/whoami, ports: [\"8080:80\"], deploy: {replicas: 3}}}\n",
        );
        until_all_answer(&switch, &hosts);
        let shown = tunnel(&hosts[0]);
        assert!(shown.contains("local 10.97.0.10") && shown.contains("dstport 5789"), "{shown}");
        assert!(shown.contains("dst 10.97.0.11") && shown.contains("dst 10.97.0.12"), "{shown}");

        // The last host comes back with another address on the link that its operator named.
        hosts[2].stop_daemon();
        hosts[2].namespaces().readdress_second_link("10.97.0.77/24");
        hosts[2].start();
        eventually(|| match tunnel(&hosts[0]) {
            shown if shown.contains("dst 10.97.0.77") && !shown.contains("dst 10.97.0.12 ") => Ok(()),
            shown => Err(shown),
        });
        until_all_answer(&switch, &hosts);
        let shown = tunnel(&hosts[2]);
        assert!(shown.contains("local 10.97.0.77"), "{shown}");
        hosts[0].skep(&["stack", "rm", "shop"]).ok();
    }
}
