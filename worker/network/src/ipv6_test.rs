//! Real connections by IPv6 on one host.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream, UdpSocket};
use std::time::Duration;

use skep_model::{Protocol, PublishedPort};

use crate::host::links;
use crate::lab::{
    CLIENT, Cell, HOST, ask, ask_datagram, echo, greet, in_lab, inside, on, on6, outside6, published,
    refused, serve, service, table, until_answer, web, with_ipv6,
};
use crate::netlink::NetlinkSocket;

/// Beside 10.0.1.100.
const VIP: Ipv6Addr = Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, 100);

fn host6() -> Ipv6Addr {
    outside6(HOST)
}

fn client6() -> Ipv6Addr {
    outside6(CLIENT)
}

#[test]
fn containers_reach_each_other_on_their_networks_only() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        assert!(network.has_ipv6());
        let first = Cell::attached(&network, "first", vec![on6(1, 5)]).await;
        let second = Cell::attached(&network, "second", vec![on6(1, 6), on6(2, 6)]).await;
        let third = Cell::attached(&network, "third", vec![on6(2, 7)]).await;
        let without = Cell::attached(&network, "without", vec![on(1, 7)]).await;
        for cell in [&first, &second, &third] {
            serve(cell);
        }
        assert_eq!(first.ask(second.address6(), 80).unwrap(), "second fd00:1::5");
        assert_eq!(ask_datagram(&first.namespace, second.address6(), 53).unwrap(), "second fd00:1::5");
        // Each network is talked to from the address on it.
        assert_eq!(second.ask(third.address6(), 80).unwrap(), "third fd00:2::6");
        assert!(refused(&first.ask(third.address6(), 80)));
        assert!(refused(&first.ask(second.addresses[1].address6().unwrap(), 80)));
        assert!(refused(&ask_datagram(&first.namespace, third.address6(), 53)));
        // Who has none keeps what it had.
        assert!(without.ask(second.address6(), 80).is_err());
        assert_eq!(without.ask(second.address(), 80).unwrap(), "second 10.0.1.7");
        network.detach("second").await.unwrap();
        assert!(refused(&first.ask(second.address6(), 80)));
        network.close().await.unwrap();
    });
}

#[test]
fn a_vip_takes_its_backends_in_turn_and_hairpins() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let asker = Cell::attached(&network, "asker", vec![on6(1, 5)]).await;
        let mut cells = Vec::new();
        for (id, part) in [("a", 11), ("b", 12), ("c", 13)] {
            let cell = Cell::attached(&network, id, vec![on6(1, part)]).await;
            cell.serve(80);
            cells.push(cell);
        }
        let mut back = service("app_back", 100, &cells.iter().collect::<Vec<_>>());
        network.apply(&with_ipv6(table(1, vec![back.clone()]))).await.unwrap();
        let mut counts = BTreeMap::new();
        for _ in 0..30 {
            *counts.entry(asker.ask(VIP, 80).unwrap()).or_insert(0) += 1;
        }
        assert_eq!(counts.values().copied().collect::<Vec<_>>(), [10, 10, 10], "{counts:?}");
        // A backend that calls its own service meets itself one time in three.
        let own: Vec<_> = (0..3).map(|_| cells[0].ask(VIP, 80).unwrap()).collect();
        assert!(
            own.contains(&"b fd00:1::b".to_owned()) && own.iter().any(|it| it.starts_with("a ")),
            "{own:?}"
        );
        back.by_source = true;
        network.apply(&with_ipv6(table(2, vec![back.clone()]))).await.unwrap();
        let first = asker.ask(VIP, 80).unwrap();
        assert!((0..10).all(|_| asker.ask(VIP, 80).unwrap() == first));
        back.backends.clear();
        network.apply(&with_ipv6(table(3, vec![back]))).await.unwrap();
        assert!(refused(&asker.ask(VIP, 80)));
    });
}

#[test]
fn a_task_that_is_led_back_to_itself_gets_datagrams_answered() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cell = Cell::attached(&network, "a", vec![on6(2, 5), on6(1, 5)]).await;
        serve(&cell);
        let dns = service("dns", 100, &[&cell]);
        network.apply(&with_ipv6(table(1, vec![dns]))).await.unwrap();
        assert!(ask_datagram(&cell.namespace, VIP, 53).unwrap().starts_with("a "));
        assert!(cell.ask(VIP, 80).unwrap().starts_with("a "));
    });
}

#[test]
fn published_ports_keep_the_clients_address() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cell = Cell::attached(&network, "web", vec![on6(1, 5)]).await;
        let other = Cell::attached(&network, "other", vec![on6(2, 5)]).await;
        serve(&cell);
        let applied = network.apply(&with_ipv6(table(1, vec![web(&[&cell])]))).await.unwrap();
        assert_eq!(applied.ports_in_use, []);
        assert_eq!(ask(&lab.client, host6(), 8080).unwrap(), format!("web {}", client6()));
        assert_eq!(ask_datagram(&lab.client, host6(), 5353).unwrap(), format!("web {}", client6()));
        assert_eq!(ask(&lab.client, HOST, 8080).unwrap(), format!("web {CLIENT}"));
        // The host itself, also as localhost.
        for own in [host6(), Ipv6Addr::LOCALHOST] {
            assert_eq!(ask(&lab.host, own, 8080).unwrap(), format!("web {}", host6()), "{own}");
            assert_eq!(ask_datagram(&lab.host, own, 5353).unwrap(), format!("web {}", host6()), "{own}");
        }
        // Containers of other networks may use what the host publishes; so may the one that serves.
        assert_eq!(other.ask(host6(), 8080).unwrap(), "web fd00:2::5");
        assert!(cell.ask(host6(), 8080).unwrap().starts_with("web "));
        // The way in is the published port, not the task's address or VIP.
        inside(&lab.client, || {
            for target in [cell.address6(), VIP] {
                let target = (target, 80).into();
                assert!(TcpStream::connect_timeout(&target, Duration::from_millis(300)).is_err());
            }
        });
        network.apply(&with_ipv6(table(2, vec![]))).await.unwrap();
        assert!(refused(&ask(&lab.client, host6(), 8080)));
    });
}

#[test]
fn a_port_may_be_open_on_one_address_alone() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cell = Cell::attached(&network, "web", vec![on6(1, 5)]).await;
        cell.serve(80);
        let mut web = service("web", 100, &[&cell]);
        for (published, address) in [(8080, Ipv6Addr::LOCALHOST), (8081, host6())] {
            let address = Some(address.into());
            web.published.push(PublishedPort { protocol: Protocol::Tcp, published, target: 80, address });
        }
        network.apply(&with_ipv6(table(1, vec![web]))).await.unwrap();
        assert_eq!(ask(&lab.client, host6(), 8081).unwrap(), format!("web {}", client6()));
        assert_eq!(ask(&lab.host, Ipv6Addr::LOCALHOST, 8080).unwrap(), format!("web {}", host6()));
        for (from, address, port) in [
            (&lab.client, host6().into(), 8080),
            (&lab.host, Ipv6Addr::LOCALHOST.into(), 8081),
            (&lab.client, std::net::IpAddr::from(HOST), 8081),
            (&lab.host, Ipv4Addr::LOCALHOST.into(), 8080),
        ] {
            assert!(refused(&ask(from, address, port)), "{address} {port}");
        }
        assert_eq!(network.audit(false).await.unwrap(), []);
    });
}

#[test]
fn nobody_else_can_have_a_published_port() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cell = Cell::attached(&network, "web", vec![on6(1, 5)]).await;
        let wanted =
            |version| with_ipv6(table(version, vec![published(service("web", 100, &[&cell]), 8080, 80)]));
        let listen = || std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 8080));
        let taken = inside(&lab.host, listen).unwrap();
        cell.serve(80);
        let applied = network.apply(&wanted(1)).await.unwrap();
        assert_eq!(applied.ports_in_use.len(), 1, "{applied:?}");
        assert_eq!(applied.ports_in_use[0].address, Ipv6Addr::UNSPECIFIED);
        assert_eq!(ask(&lab.client, HOST, 8080).unwrap(), format!("web {CLIENT}"), "IPv4 is free");
        drop(taken);
        assert_eq!(network.apply(&wanted(2)).await.unwrap().ports_in_use, []);
        assert_eq!(ask(&lab.client, host6(), 8080).unwrap(), format!("web {}", client6()));
        assert!(inside(&lab.host, listen).is_err());
    });
}

#[test]
fn a_container_of_its_own_may_publish() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let mut cell = Cell::new("alone", vec![on6(1, 5)]);
        let published = 8081;
        cell.published.push(PublishedPort { protocol: Protocol::Tcp, published, target: 80, address: None });
        network.attach(cell.attachment()).await.unwrap();
        cell.serve(80);
        assert_eq!(ask(&lab.client, host6(), 8081).unwrap(), format!("alone {}", client6()));
        network.apply(&table(1, vec![])).await.unwrap();
        assert_eq!(ask(&lab.client, host6(), 8081).unwrap(), format!("alone {}", client6()));
        network.detach("alone").await.unwrap();
        assert!(refused(&ask(&lab.client, host6(), 8081)));
    });
}

#[test]
fn egress_is_masqueraded_and_internal_networks_have_none() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        greet(&lab.client, 80, "outside");
        greet(&lab.host, 90, "host");
        let cell = Cell::attached(&network, "free", vec![on6(1, 5)]).await;
        let mut internal = on6(2, 5);
        internal.internal = true;
        let closed = Cell::attached(&network, "closed", vec![internal.clone()]).await;
        internal.address = Ipv4Addr::new(10, 0, 2, 6);
        let both = Cell::attached(&network, "both", vec![internal, on6(1, 6)]).await;
        for free in [&cell, &both] {
            assert_eq!(free.ask(client6(), 80).unwrap(), format!("outside {}", host6()));
        }
        assert!(refused(&closed.ask(client6(), 80)));
        assert!(refused(&closed.ask(host6(), 90)));
        // Nobody speaks with another's address.
        let liar = on6(1, 66).address6().unwrap();
        echo(&both.namespace, 53, "both");
        inside(&cell.namespace, || {
            let mut socket = NetlinkSocket::route().unwrap();
            let eth0 = links::find(&mut socket, "eth0").unwrap().unwrap();
            socket.all(&[links::address(eth0, liar)], &[]).unwrap();
            let socket = UdpSocket::bind((liar, 0)).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            let target = both.addresses[1].address6().unwrap();
            socket.send_to(b"?", (target, 53)).unwrap();
            assert!(socket.recv(&mut [0; 8]).is_err());
        });
    });
}

#[test]
fn a_container_that_forgot_its_gateway_finds_it() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        greet(&lab.client, 80, "outside");
        let cell = Cell::attached(&network, "free", vec![on6(1, 5)]).await;
        inside(&cell.namespace, || {
            let flush = ["-6", "neigh", "flush", "dev", "eth0", "nud", "permanent"];
            assert!(std::process::Command::new("ip").args(flush).status().unwrap().success());
        });
        assert_eq!(cell.ask(client6(), 80).unwrap(), format!("outside {}", host6()));
    });
}

#[test]
fn flows_of_datagrams_follow_to_the_next_task() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cells = [("a", 5), ("b", 6)].map(|(id, part)| Cell::new(id, vec![on6(1, part)]));
        for cell in &cells {
            network.attach(cell.attachment()).await.unwrap();
            serve(cell);
        }
        let socket = crate::lab::datagrams_to(&lab.client, host6(), 5353).unwrap();
        for (version, cell) in (1..).zip(&cells) {
            network.apply(&with_ipv6(table(version, vec![web(&[cell])]))).await.unwrap();
            until_answer(&socket, &format!("{} {}", cell.id, client6()));
            // A task that is only drained answers until it is detached.
            network.detach(&cell.id).await.unwrap();
        }
    });
}

#[test]
fn a_host_without_ipv6_goes_on_as_before() {
    in_lab(|lab| async move {
        for links in ["all", "default"] {
            let path = format!("/proc/sys/net/ipv6/conf/{links}/disable_ipv6");
            inside(&lab.host, || std::fs::write(&path, "1").unwrap());
        }
        let network = lab.open().await;
        assert!(!network.has_ipv6());
        let cell = Cell::attached(&network, "web", vec![on6(1, 5)]).await;
        serve(&cell);
        network.apply(&with_ipv6(table(1, vec![web(&[&cell])]))).await.unwrap();
        assert_eq!(ask(&lab.client, HOST, 8080).unwrap(), format!("web {CLIENT}"));
        assert_eq!(network.audit(false).await.unwrap(), []);
        let forwarding =
            inside(&lab.host, || std::fs::read_to_string("/proc/sys/net/ipv6/conf/all/forwarding"));
        assert_eq!(forwarding.unwrap().trim(), "0");
        network.close().await.unwrap();
    });
}
