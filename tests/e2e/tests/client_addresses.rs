//! Five hosts, two stacks: whom tasks see as their client by every way in, tasks that ask their own service, and what the one stack
//! does not see of the other.

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::net::{Ipv4Addr, SocketAddr};

    use skep_harness::{Answer, Cluster, Connection, Datagrams, Place, Switch, eventually, sees_client};

    const HOSTS: u8 = 5;
    const OURS: u16 = 8121;
    const THEIRS: u16 = 8122;
    const UDP: u16 = 9000;

    /// A stack with a network of its own and a task on each host, published by TCP and UDP at one port.
    fn deploy(cluster: &Cluster, stack: &str, service: &str, port: u16) -> Vec<Place> {
        let file = cluster.host(0).path(&format!("{stack}.yml"));
        let text = format!(
            "services:\n  {service}:\n    image: skep/whoami\n    environment: {{WHOAMI_UDP_PORT: {UDP}}}\n    \
             ports: [\"{port}:80\", \"{port}:{UDP}/udp\"]\n    deploy: {{replicas: {HOSTS}}}\n"
        );
        std::fs::write(&file, text).unwrap();
        let path = file.to_str().unwrap();
        cluster.host(0).skep(&["stack", "deploy", "--detach", "-c", path, stack]).ok();
        let mut places = Vec::new();
        eventually(|| {
            places = Place::of_service(cluster, 0, &format!("{stack}_{service}"))?;
            let hosts: BTreeSet<u8> = places.iter().map(|place| place.host).collect();
            if hosts.len() == usize::from(HOSTS) { Ok(()) } else { Err(format!("{places:?}")) }
        });
        places
    }

    /// The address of the host that it is on.
    fn entry(cluster: &Cluster, number: u8, port: u16) -> SocketAddr {
        (cluster.host(number).namespaces().address(), port).into()
    }

    /// Asks again and again until so many tasks have answered, each of which `fits`; what does not fit fails at once, as nothing
    /// else is ever to be seen.
    fn until_all_answer(
        what: &str,
        tasks: u8,
        ask: impl Fn() -> Result<Answer, String>,
        fits: &dyn Fn(&Answer) -> bool,
    ) {
        let mut seen = BTreeSet::new();
        eventually(|| {
            for _ in 0..tasks {
                let answer = ask().map_err(|error| format!("{what}: {error}"))?;
                if answer.status != 200 {
                    return Err(format!("{what}: {answer:?}"));
                }
                assert!(fits(&answer), "{what}: {answer:?}");
                seen.extend(answer.line("Hostname").map(str::to_owned));
            }
            if seen.len() == usize::from(tasks) { Ok(()) } else { Err(format!("{what}: {seen:?}")) }
        });
    }

    /// By every host to the task on every host: tasks see the client, and its port.
    fn clients_are_seen(cluster: &Cluster) {
        let client = cluster.switch().namespace();
        for number in 0..HOSTS {
            let address = entry(cluster, number, OURS);
            let own = |answer: &Answer, local: SocketAddr| {
                assert_eq!(local.ip().to_string(), Switch::GATEWAY);
                answer.line("Client").is_some_and(|client| sees_client(client, local))
            };
            let by_tcp = || {
                let mut open = Connection::open(&client, address).map_err(|error| error.to_string())?;
                let (local, answer) =
                    (open.local().unwrap(), open.get("/").map_err(|error| error.to_string())?);
                assert!(own(&answer, local), "by TCP from {local} to {address}: {answer:?}");
                Ok(answer)
            };
            until_all_answer(&format!("TCP {address}"), HOSTS, by_tcp, &|_| true);
            let by_udp = || {
                let open = Datagrams::open(&client, address).map_err(|error| error.to_string())?;
                let (local, answer) = (open.local().unwrap(), open.ask().map_err(|error| error.to_string())?);
                assert!(own(&answer, local), "by UDP from {local} to {address}: {answer:?}");
                Ok(answer)
            };
            until_all_answer(&format!("UDP {address}"), HOSTS, by_udp, &|_| true);
            // A host that asks itself, on its loopback: tasks see an address of the host, never 127.0.0.1.
            let here = cluster.host(number).namespaces().host();
            let local: SocketAddr = (Ipv4Addr::LOCALHOST, OURS).into();
            let by_loopback = || {
                Datagrams::open(&here, local).and_then(|open| open.ask()).map_err(|error| error.to_string())
            };
            let host = cluster.host(number).namespaces().address().to_string();
            until_all_answer(&format!("host{number} UDP {local}"), HOSTS, by_loopback, &|answer| {
                answer.line("Client").is_some_and(|client| client.starts_with(&format!("{host}:")))
            });
        }
    }

    /// The virtual addresses of a service, by its networks.
    fn virtual_addresses(cluster: &Cluster, service: &str) -> BTreeMap<String, Ipv4Addr> {
        let shown = cluster.api(0).get(&format!("/services/{service}")).unwrap();
        let addresses = shown["Endpoint"]["VirtualIPs"].as_array().unwrap().iter();
        let parsed = addresses.map(|one| {
            let address = one["Addr"].as_str().unwrap().split('/').next().unwrap().parse().unwrap();
            (one["NetworkID"].as_str().unwrap().to_owned(), address)
        });
        parsed.collect()
    }

    /// What a task is answered when it calls this, asked from its own inside.
    fn called(place: &Place, url: &str) -> Result<Answer, String> {
        let inside: SocketAddr = (Ipv4Addr::LOCALHOST, 80).into();
        let asked = Connection::open(&place.namespace(), inside);
        asked.and_then(|mut open| open.get(&format!("/call?url={url}"))).map_err(|error| error.to_string())
    }

    /// A task asks its own service, and is among those that answer.
    fn tasks_reach_themselves(cluster: &Cluster, places: &[Place], network: &str) {
        let vip = virtual_addresses(cluster, "a_web")[network];
        for place in places {
            let (here, there) = (place.host, (place.host + 1) % HOSTS);
            let ways = [
                "http://web/".to_owned(),
                format!("http://{vip}/"),
                format!("http://{}/", entry(cluster, here, OURS)),
                format!("http://{}/", entry(cluster, there, OURS)),
            ];
            for url in ways {
                until_all_answer(&format!("host{here} calls {url}"), HOSTS, || called(place, &url), &|_| {
                    true
                });
            }
            for address in [(vip, UDP).into(), entry(cluster, here, OURS), entry(cluster, there, OURS)] {
                let by_udp = || {
                    let open = Datagrams::open(&place.namespace(), address);
                    open.and_then(|open| open.ask()).map_err(|error| error.to_string())
                };
                until_all_answer(&format!("host{here} asks UDP {address}"), HOSTS, by_udp, &|_| true);
            }
        }
    }

    /// A task of the one stack knows no name of the other, and is led to none of its addresses.
    fn stacks_are_apart(cluster: &Cluster, ours: &[Place], theirs: &[Place], network: &str) {
        let vip = virtual_addresses(cluster, "b_other")[network];
        for place in ours {
            for name in ["other", "b_other", "tasks.other", "other.b_default"] {
                let answer = called(place, &format!("http://{name}/")).unwrap();
                assert!(
                    answer.status == 502 && answer.body.contains("no server knows the name"),
                    "{answer:?}"
                );
            }
        }
        // One of ours and all of theirs: the same host and another one. A packet that is dropped would take its time.
        let addresses = theirs.iter().map(|place| place.address_on(network).unwrap()).chain([vip]);
        std::thread::scope(|scope| {
            for address in addresses {
                scope.spawn(move || {
                    let answer = called(&ours[0], &format!("http://{address}/")).unwrap();
                    assert_eq!(answer.status, 502, "{address} is reached: {answer:?}");
                });
            }
        });
    }

    #[test]
    fn tasks_see_clients_and_themselves_and_no_other_stack() {
        let cluster = Cluster::new(1, HOSTS - 1);
        let ours = deploy(&cluster, "a", "web", OURS);
        let theirs = deploy(&cluster, "b", "other", THEIRS);
        let network = |stack: &str| {
            let shown = cluster.api(0).get(&format!("/networks/{stack}_default")).unwrap();
            shown["Id"].as_str().unwrap().to_owned()
        };
        clients_are_seen(&cluster);
        tasks_reach_themselves(&cluster, &ours, &network("a"));
        stacks_are_apart(&cluster, &ours, &theirs, &network("b"));
        // Theirs are there all the same, from everywhere.
        let client = cluster.switch().namespace();
        for number in 0..HOSTS {
            let address = entry(&cluster, number, THEIRS);
            let ask = || {
                let asked = Connection::open(&client, address).and_then(|mut open| open.get("/"));
                asked.map_err(|error| error.to_string())
            };
            until_all_answer(&address.to_string(), HOSTS, ask, &|_| true);
        }
        cluster.host(0).skep(&["stack", "rm", "a", "b"]).ok();
    }
}
