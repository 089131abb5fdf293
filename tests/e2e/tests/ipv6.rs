//! Three hosts with IPv6: published ports by every host, networks with both families, and what they are called.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
    use std::path::Path;
    use std::time::Duration;

    use serde_json::Value;
    use skep_harness::{
        Answer, Cluster, Connection, Datagrams, Namespaces, Place, Switch, Wire, eventually, sees_client,
    };

    const HOSTS: u8 = 3;
    const OURS: u16 = 8131;
    const THEIRS: u16 = 8132;
    const UDP: u16 = 9000;
    /// So far above a stack's port is the one that is open on ::1 alone.
    const LOCAL: u16 = 10;
    /// Question types of DNS (RFC 1035, RFC 3596).
    const AAAA: u16 = 28;
    const PTR: u16 = 12;

    /// A stack with a task on each host, published by TCP and UDP at one port, on a network as it is described.
    fn deploy(cluster: &Cluster, stack: &str, port: u16, network: &str) -> Vec<Place> {
        let file = cluster.host(0).path(&format!("{stack}.yml"));
        let text = format!(
            "services:\n  web:\n    image: skep/whoami\n    environment: {{WHOAMI_UDP_PORT: {UDP}}}\n    \
             ports: [\"{port}:80\", \"{port}:{UDP}/udp\", \"[::1]:{}:80\"]\n    deploy: {{replicas: {HOSTS}}}\n\
             networks:\n  default: {network}\n",
            port + LOCAL
        );
        std::fs::write(&file, text).unwrap();
        let path = file.to_str().unwrap();
        cluster.host(0).skep(&["stack", "deploy", "--detach", "-c", path, stack]).ok();
        let mut places = Vec::new();
        eventually(|| {
            places = Place::of_service(cluster, 0, &format!("{stack}_web"))?;
            let hosts: BTreeSet<u8> = places.iter().map(|place| place.host).collect();
            if hosts.len() == usize::from(HOSTS) { Ok(()) } else { Err(format!("{places:?}")) }
        });
        places
    }

    fn inspected(cluster: &Cluster, network: &str) -> Value {
        cluster.api(0).get(&format!("/networks/{network}?verbose=true")).unwrap()
    }

    /// The address beside one of the network's, as it is derived: the host part of the IPv4 address behind the IPv6 subnet's first.
    fn beside(network: &Value, address: Ipv4Addr) -> Ipv6Addr {
        let config = &network["IPAM"]["Config"];
        let [four, six] = [0, 1].map(|at| config[at]["Subnet"].as_str().unwrap().split_once('/').unwrap());
        let part = address.to_bits() & (u32::MAX >> four.1.parse::<u32>().unwrap());
        Ipv6Addr::from_bits(six.0.parse::<Ipv6Addr>().unwrap().to_bits() | u128::from(part))
    }

    fn asked_by_tcp(from: &Path, address: SocketAddr) -> Result<(SocketAddr, Answer), String> {
        let ask = || {
            let mut open = Connection::open(from, address)?;
            Ok::<_, std::io::Error>((open.local()?, open.get("/")?))
        };
        ask().map_err(|error| format!("TCP {address}: {error}"))
    }

    fn asked_by_udp(from: &Path, address: SocketAddr) -> Result<(SocketAddr, Answer), String> {
        let open = Datagrams::open(from, address);
        let ask = open.and_then(|open| Ok((open.local()?, open.ask()?)));
        ask.map_err(|error| format!("UDP {address}: {error}"))
    }

    type Ask = fn(&Path, SocketAddr) -> Result<(SocketAddr, Answer), String>;

    /// Asks until all tasks have answered; each sees the client as `fits` wants it.
    fn until_all_answer(from: &Path, address: SocketAddr, ask: Ask, fits: &dyn Fn(SocketAddr, &str) -> bool) {
        let mut seen = BTreeSet::new();
        eventually(|| {
            for _ in 0..HOSTS {
                let (local, answer) = ask(from, address)?;
                let client = answer.line("Client").unwrap_or_default();
                assert!(fits(local, client), "{address} from {local}: {answer:?}");
                seen.extend(answer.line("Hostname").map(str::to_owned));
            }
            if seen.len() == usize::from(HOSTS) { Ok(()) } else { Err(format!("{address}: {seen:?}")) }
        });
    }

    /// By every host to the task on every host: tasks see the client, and its port, by either family.
    fn clients_are_seen(cluster: &Cluster, port: u16) {
        let client = cluster.switch().namespace();
        let own = |local: SocketAddr, seen: &str| sees_client(seen, local);
        for number in 0..HOSTS {
            let host = cluster.host(number).namespaces();
            for entry in [IpAddr::from(host.address6()), host.address().into()] {
                for ask in [asked_by_tcp as Ask, asked_by_udp] {
                    until_all_answer(&client, (entry, port).into(), ask, &own);
                }
            }
            // A host that asks itself is seen with an address that leads back to it, never with that of its loopback.
            for ask in [asked_by_tcp as Ask, asked_by_udp] {
                let not_loopback = |_: SocketAddr, seen: &str| !seen.is_empty() && !seen.starts_with("[::1]");
                until_all_answer(&host.host(), (Ipv6Addr::LOCALHOST, port).into(), ask, &not_loopback);
            }
        }
    }

    /// What the container's DNS server answers: the data of all records.
    fn looked_up(place: &Place, name: &str, kind: u16) -> Vec<Vec<u8>> {
        let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(u8::try_from(label.len()).unwrap());
            query.extend(label.bytes());
        }
        query.push(0);
        query.extend([kind.to_be_bytes(), 1_u16.to_be_bytes()].concat());
        let answer = Namespaces::inside(&place.namespace(), || {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
            socket.send_to(&query, (Ipv4Addr::new(127, 0, 0, 11), 53)).unwrap();
            let mut answer = vec![0; 512];
            let length = socket.recv(&mut answer).unwrap();
            answer.truncate(length);
            answer
        });
        let mut records = Vec::new();
        let mut rest = answer.get(query.len()..).unwrap_or_default();
        for _ in 0..answer[7] {
            // A name by a pointer, or in full; then type, class, time to live, length.
            let name = if rest[0] >= 0xc0 { 2 } else { rest.iter().position(|byte| *byte == 0).unwrap() + 1 };
            let length = usize::from(u16::from_be_bytes([rest[name + 8], rest[name + 9]]));
            records.push(rest[name + 10..name + 10 + length].to_vec());
            rest = &rest[name + 10 + length..];
        }
        records
    }

    fn addresses_of(place: &Place, name: &str) -> BTreeSet<Ipv6Addr> {
        let records = looked_up(place, name, AAAA);
        records.into_iter().map(|data| Ipv6Addr::from(<[u8; 16]>::try_from(data).unwrap())).collect()
    }

    /// Names lead to addresses of both families, and these to the service, on the own host and on others.
    fn names_lead_to_tasks(network: &Value, places: &[Place]) {
        let id = network["Id"].as_str().unwrap();
        let vip = network["Services"]["a_web"]["VIP"].as_str().unwrap().parse().unwrap();
        let vip = beside(network, vip);
        let tasks: BTreeSet<_> =
            places.iter().map(|place| beside(network, place.address_on(id).unwrap())).collect();
        for place in places {
            let own = beside(network, place.address_on(id).unwrap());
            assert_eq!(addresses_of(place, "web"), [vip].into());
            assert_eq!(addresses_of(place, "tasks.web"), tasks);
            let digits: Vec<_> =
                vip.octets().iter().rev().map(|it| format!("{:x}.{:x}", it & 15, it >> 4)).collect();
            let pointers = looked_up(place, &format!("{}.ip6.arpa", digits.join(".")), PTR);
            assert_eq!(pointers, [b"\x05a_web\0".to_vec()]);
            let seen = |_: SocketAddr, client: &str| {
                // The task that meets itself sees the address that it asked; all others see that on the network.
                [own, vip].iter().any(|address| client.starts_with(&format!("[{address}]:")))
            };
            until_all_answer(&place.namespace(), (vip, 80).into(), asked_by_tcp, &seen);
            until_all_answer(&place.namespace(), (vip, UDP).into(), asked_by_udp, &seen);
        }
    }

    #[test]
    fn published_ports_and_networks_have_ipv6() {
        let cluster = Cluster::new(1, HOSTS - 1);
        assert_eq!(inspected(&cluster, "ingress")["EnableIPv6"], true);
        let ours = deploy(&cluster, "a", OURS, "{enable_ipv6: true}");
        let theirs = deploy(&cluster, "b", THEIRS, "{driver: overlay}");
        let (with, without) = (inspected(&cluster, "a_default"), inspected(&cluster, "b_default"));
        assert_eq!((&with["EnableIPv6"], &without["EnableIPv6"]), (&true.into(), &false.into()));
        let members = with["Containers"].as_object().unwrap();
        assert!(members.values().all(|one| one["IPv6Address"].as_str().unwrap().starts_with("fd")), "{with}");
        clients_are_seen(&cluster, OURS);
        clients_are_seen(&cluster, THEIRS);
        names_lead_to_tasks(&with, &ours);
        assert_eq!(addresses_of(&theirs[0], "web"), BTreeSet::new(), "its network has none");
        // A task of another stack gets at none of them but by the published port.
        let id = with["Id"].as_str().unwrap();
        for place in &ours {
            let address = beside(&with, place.address_on(id).unwrap());
            assert!(asked_by_tcp(&theirs[0].namespace(), (address, 80).into()).is_err());
        }
        let entry = (cluster.host(1).namespaces().address6(), OURS).into();
        until_all_answer(&theirs[0].namespace(), entry, asked_by_tcp, &|_, seen| seen.starts_with("[fd"));
        // What is open on ::1 alone is so to the host itself.
        let host = cluster.host(2).namespaces();
        let local = |address: IpAddr| asked_by_tcp(&host.host(), (address, OURS + LOCAL).into());
        assert!(local(Ipv6Addr::LOCALHOST.into()).is_ok());
        assert!(local(host.address6().into()).is_err() && local(Ipv4Addr::LOCALHOST.into()).is_err());
        let listed = cluster.host(0).skep(&["service", "ls", "--format", "{{.Ports}}"]).ok();
        assert!(listed.contains(&format!("[::1]:{}->80/tcp", OURS + LOCAL)), "{listed}");
        // To the outside with the host's address.
        let outside = Namespaces::inside(&cluster.switch().namespace(), || {
            let socket = UdpSocket::bind((Switch::GATEWAY6.parse::<Ipv6Addr>().unwrap(), 5000)).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            socket
        });
        let leaving =
            Namespaces::inside(&ours[0].namespace(), || UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap());
        leaving.send_to(b"?", (Switch::GATEWAY6.parse::<Ipv6Addr>().unwrap(), 5000)).unwrap();
        let (_, from) = outside.recv_from(&mut [0; 8]).unwrap();
        assert_eq!(from.ip(), IpAddr::from(cluster.host(ours[0].host).namespaces().address6()));
        cluster.host(0).skep(&["stack", "rm", "a", "b"]).ok();
    }

    #[test]
    fn encrypted_networks_carry_ipv6_and_a_chosen_subnet_is_honoured() {
        let cluster = Cluster::new(1, HOSTS - 1);
        let network = "{enable_ipv6: true, driver_opts: {encrypted: \"true\"}, \
                       ipam: {config: [{subnet: \"fd12:3456::/64\"}]}}";
        let places = deploy(&cluster, "a", OURS, network);
        let shown = inspected(&cluster, "a_default");
        assert_eq!(shown["IPAM"]["Config"][1]["Subnet"], "fd12:3456::/64");
        let wire = Wire::tap(&cluster.switch().namespace());
        let id = shown["Id"].as_str().unwrap();
        let [from, to] = [0, 1].map(|at| beside(&shown, places[at].address_on(id).unwrap()));
        eventually(|| {
            let (_, answer) = asked_by_tcp(&places[0].namespace(), (to, 80).into())?;
            let client = answer.line("Client").unwrap_or_default().to_owned();
            if client.starts_with(&format!("[{from}]:")) { Ok(()) } else { Err(client) }
        });
        let frames = wire.end();
        assert_eq!(frames.showing(from.octets()), 0, "its addresses can be read");
        let name = ["network", "create", "--ipv6", "--subnet", "fd12:3456::/80", "other"];
        let refused = cluster.host(0).skep(&name).failed();
        assert!(refused.contains("fd12:3456::/64 of network a_default"), "{refused}");
        cluster.host(0).skep(&["stack", "rm", "a"]).ok();
    }
}
