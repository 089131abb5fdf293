//! Real connections through real namespaces.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use skep_model::{Protocol, PublishedPort};

use crate::lab::{
    CLIENT, Cell, HOST, Line, Load, ask, ask_datagram, datagrams_to, echo, exchange, greet, in_lab, inside,
    on, published, refused, service, table, until_answer,
};

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);

#[test]
fn containers_reach_each_other_on_their_networks_only() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let first = Cell::attached(&network, "first", vec![on(1, 5)]).await;
        let second = Cell::attached(&network, "second", vec![on(1, 6), on(2, 6)]).await;
        let third = Cell::attached(&network, "third", vec![on(2, 7)]).await;
        second.serve(80);
        third.serve(80);
        assert_eq!(first.ask(second.address(), 80).unwrap(), "second 10.0.1.5");
        // Each network is talked to from the address on it.
        assert_eq!(second.ask(third.address(), 80).unwrap(), "third 10.0.2.6");
        assert!(refused(&first.ask(third.address(), 80)));
        assert!(refused(&first.ask(Ipv4Addr::new(10, 0, 2, 6), 80)));
        network.close().await.unwrap();
    });
}

#[test]
fn a_vip_takes_its_backends_in_turn_and_hairpins() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let asker = Cell::attached(&network, "asker", vec![on(1, 5)]).await;
        let mut cells = Vec::new();
        for (id, part) in [("a", 11), ("b", 12), ("c", 13)] {
            let cell = Cell::attached(&network, id, vec![on(1, part)]).await;
            cell.serve(80);
            cells.push(cell);
        }
        let backends: Vec<_> = cells.iter().collect();
        let applied = network.apply(&table(7, vec![service("app_back", 100, &backends)])).await.unwrap();
        assert_eq!((applied.version, network.applied_version().await.unwrap()), (7, Some(7)));
        let mut counts = BTreeMap::new();
        for _ in 0..30 {
            *counts.entry(asker.ask(VIP, 80).unwrap()).or_insert(0) += 1;
        }
        assert_eq!(counts.values().copied().collect::<Vec<_>>(), [10, 10, 10]);
        // A backend that calls its own service meets itself one time in three.
        let own: Vec<_> = (0..3).map(|_| cells[0].ask(VIP, 80).unwrap()).collect();
        assert!(own.contains(&format!("a {VIP}")), "{own:?}");
        assert!(own.contains(&"b 10.0.1.11".to_owned()), "{own:?}");
    });
}

#[test]
fn a_task_that_is_led_back_to_itself_gets_datagrams_answered() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        // The network of the virtual address is not the first of the task's.
        let cell = Cell::attached(&network, "a", vec![on(2, 5), on(1, 5)]).await;
        echo(&cell.namespace, 53, "a");
        network.apply(&table(1, vec![service("dns", 100, &[&cell])])).await.unwrap();
        assert_eq!(ask_datagram(&cell.namespace, VIP, 53).unwrap(), "a");
    });
}

#[test]
fn published_ports_keep_the_clients_address() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cell = Cell::attached(&network, "web", vec![on(1, 5)]).await;
        let other = Cell::attached(&network, "other", vec![on(2, 5)]).await;
        cell.serve(80);
        let web = published(service("web", 100, &[&cell]), 8080, 80);
        let applied = network.apply(&table(1, vec![web])).await.unwrap();
        assert_eq!(applied.ports_in_use, []);
        assert_eq!(ask(&lab.client, HOST, 8080).unwrap(), format!("web {CLIENT}"));
        assert!(ask(&lab.host, HOST, 8080).unwrap().starts_with("web "));
        assert!(ask(&lab.host, Ipv4Addr::LOCALHOST, 8080).unwrap().starts_with("web "));
        // Containers of other networks may use what the host publishes; so may the one that serves.
        assert_eq!(other.ask(HOST, 8080).unwrap(), "web 10.0.2.5");
        assert!(cell.ask(HOST, 8080).unwrap().starts_with("web "));
        // The way in is the published port, not the task's address or VIP.
        inside(&lab.client, || {
            for target in [cell.address(), VIP] {
                let target = (target, 80).into();
                assert!(std::net::TcpStream::connect_timeout(&target, Duration::from_millis(300)).is_err());
            }
        });
        network.apply(&table(2, vec![])).await.unwrap();
        assert!(refused(&ask(&lab.client, HOST, 8080)));
    });
}

#[test]
fn a_container_of_its_own_may_publish() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let mut cell = Cell::new("alone", vec![on(1, 5)]);
        cell.published.push(PublishedPort {
            protocol: Protocol::Tcp,
            published: 8081,
            target: 80,
            address: None,
        });
        network.attach(cell.attachment()).await.unwrap();
        cell.serve(80);
        assert_eq!(ask(&lab.client, HOST, 8081).unwrap(), format!("alone {CLIENT}"));
        network.apply(&table(1, vec![])).await.unwrap();
        assert_eq!(ask(&lab.client, HOST, 8081).unwrap(), format!("alone {CLIENT}"));
        network.detach("alone").await.unwrap();
        network.detach("alone").await.unwrap();
        assert!(refused(&ask(&lab.client, HOST, 8081)));
    });
}

#[test]
fn egress_is_masqueraded_and_internal_networks_have_none() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        greet(&lab.client, 80, "outside");
        let cell = Cell::attached(&network, "free", vec![on(1, 5)]).await;
        let mut internal = on(2, 5);
        internal.internal = true;
        let closed = Cell::attached(&network, "closed", vec![internal.clone()]).await;
        internal.address = Ipv4Addr::new(10, 0, 2, 6);
        let both = Cell::attached(&network, "both", vec![internal, on(1, 6)]).await;
        assert_eq!(cell.ask(CLIENT, 80).unwrap(), format!("outside {HOST}"));
        assert_eq!(both.ask(CLIENT, 80).unwrap(), format!("outside {HOST}"));
        assert!(refused(&closed.ask(CLIENT, 80)));
        greet(&lab.host, 90, "host");
        assert!(refused(&closed.ask(HOST, 90)));
        // Nobody speaks with another's address.
        let mut liar = on(1, 5);
        liar.address = Ipv4Addr::new(10, 0, 1, 66);
        inside(&cell.namespace, || {
            let mut socket = crate::netlink::NetlinkSocket::route().unwrap();
            let eth0 = crate::host::links::find(&mut socket, "eth0").unwrap().unwrap();
            socket.all(&[crate::host::links::address(eth0, liar.address)], &[]).unwrap();
            let socket = UdpSocket::bind((liar.address, 0)).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            socket.send_to(b"?", (both.address(), 53)).unwrap();
            assert!(socket.recv(&mut [0; 8]).is_err());
        });
    });
}

#[test]
fn a_service_without_backends_refuses_at_once() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let asker = Cell::attached(&network, "asker", vec![on(1, 5)]).await;
        let gone = Cell::new("gone", vec![on(1, 6)]);
        let web = published(service("web", 100, &[]), 8080, 80);
        network.apply(&table(1, vec![web])).await.unwrap();
        let start = Instant::now();
        assert!(refused(&asker.ask(VIP, 80)));
        assert!(refused(&ask(&lab.client, HOST, 8080)));
        assert!(refused(&ask(&lab.host, Ipv4Addr::LOCALHOST, 8080)));
        // A backend in the table whose address nobody has any more is refused as well.
        network.apply(&table(2, vec![service("web", 100, &[&gone])])).await.unwrap();
        assert!(refused(&asker.ask(VIP, 80)));
        assert!(refused(&ask(&lab.host, VIP, 80)));
        assert!(start.elapsed() < Duration::from_secs(4), "no answer waited for a timeout");
    });
}

#[test]
fn tables_change_under_traffic_without_a_lost_connection() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let mut cells = Vec::new();
        for (id, part) in [("a", 11), ("b", 12), ("c", 13)] {
            let cell = Cell::attached(&network, id, vec![on(1, part)]).await;
            cell.serve(80);
            cells.push(cell);
        }
        let all: Vec<_> = cells.iter().collect();
        let web = |backends: &[&Cell]| published(service("web", 100, backends), 8080, 80);
        network.apply(&table(0, vec![web(&all)])).await.unwrap();
        let load = Load::start(&lab, 8080);
        let mut version = 0;
        while !load.failed() && (version < 100 || load.done() < 50) {
            version += 1;
            let some = if version % 2 == 0 { &all[..2] } else { &all[1..] };
            network.apply(&table(version, vec![web(some), service("more", 101, &all)])).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        load.end();
    });
}

#[test]
fn a_udp_client_is_led_to_another_backend() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let asker = Cell::attached(&network, "asker", vec![on(1, 5)]).await;
        let first = Cell::attached(&network, "first", vec![on(1, 6)]).await;
        let second = Cell::attached(&network, "second", vec![on(1, 7)]).await;
        echo(&first.namespace, 53, "first");
        echo(&second.namespace, 53, "second");
        network.apply(&table(1, vec![service("dns", 100, &[&first])])).await.unwrap();
        let socket = datagrams_to(&asker.namespace, VIP, 53).unwrap();
        let question = || exchange(&socket).unwrap();
        assert_eq!(question(), "first");
        network.apply(&table(2, vec![service("dns", 100, &[&second])])).await.unwrap();
        // Drained, but there: the flow goes on.
        assert_eq!(question(), "first");
        network.detach("first").await.unwrap();
        until_answer(&socket, "second");
    });
}

#[test]
fn a_taken_port_is_reported_and_the_rest_published() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cell = Cell::attached(&network, "web", vec![on(1, 5)]).await;
        cell.serve(80);
        let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8080)).unwrap();
        let web = published(published(service("web", 100, &[&cell]), 8080, 80), 8081, 80);
        let applied = network.apply(&table(1, vec![web.clone()])).await.unwrap();
        let text = applied.ports_in_use[0].to_string();
        assert!(
            text.contains("8080/tcp") && text.contains(&format!("process {}", std::process::id())),
            "{text}"
        );
        assert!(ask(&lab.client, HOST, 8081).is_ok());
        // Held now: nobody else gets it.
        assert!(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8081)).is_err());
        drop(taken);
        assert_eq!(network.apply(&table(2, vec![web])).await.unwrap().ports_in_use, []);
        assert!(ask(&lab.client, HOST, 8080).is_ok());
        network.apply(&table(3, vec![])).await.unwrap();
        assert!(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8081)).is_ok());
    });
}

#[test]
fn a_connection_to_a_drained_task_goes_on_until_the_task_ends() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let old = Cell::attached(&network, "old", vec![on(1, 5)]).await;
        let new = Cell::attached(&network, "new", vec![on(1, 6)]).await;
        new.serve(7);
        let web = |cell| published(service("web", 100, &[cell]), 8080, 7);
        network.apply(&table(1, vec![web(&old)])).await.unwrap();
        let mut line = Line::open(&lab.client, (HOST, 8080), (&old, 7));
        assert_eq!(line.exchange().unwrap(), "old hello\n");
        network.apply(&table(2, vec![web(&new)])).await.unwrap();
        assert!(ask(&lab.client, HOST, 8080).unwrap().starts_with("new "));
        assert_eq!(line.exchange().unwrap(), "old hello\n");
        drop(network);
        let network = lab.open().await;
        assert_eq!(line.exchange().unwrap(), "old hello\n");
        network.readopt(old.attachment()).await.unwrap();
        network.readopt(new.attachment()).await.unwrap();
        network.apply(&table(3, vec![web(&new)])).await.unwrap();
        assert_eq!(line.exchange().unwrap(), "old hello\n");
        network.detach("old").await.unwrap();
        // The end is told, not left to timeouts: the first write may still meet silence, not the second.
        let error = line.exchange().and_then(|_| line.exchange()).unwrap_err();
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "{error}");
    });
}

#[test]
fn many_services_are_applied_in_one_transaction() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cells: Vec<_> = (1..=4).map(|part| Cell::new("none", vec![on(1, part)])).collect();
        let backends: Vec<_> = cells.iter().collect();
        let many = |count: u16| -> Vec<_> {
            let numbered = |number: u16| {
                let mut one = published(service("s", 100, &backends), 10_000 + number, 80);
                let [high, low] = number.to_be_bytes();
                one.vips[0].address = Some(Ipv4Addr::new(10, 0, 2 + high, low));
                one
            };
            (0..count).map(numbered).collect()
        };
        for (version, count) in [(1, 500), (2, 500), (3, 501), (4, 0), (5, 1)] {
            let wanted = table(version, many(count));
            let start = Instant::now();
            assert_eq!(network.apply(&wanted).await.unwrap().ports_in_use, []);
            println!("{count} services: {:?}", start.elapsed());
            let chains = network.observed().await.unwrap().leads.len();
            assert_eq!(chains, usize::from(count) * 2);
        }
    });
}

#[test]
fn calls_may_be_made_from_any_task() {
    fn sendable<T: Send>(_: &T) {}
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cell = Cell::new("one", vec![on(1, 5)]);
        let attach = network.attach(cell.attachment());
        sendable(&attach);
        attach.await.unwrap();
        let empty = table(1, vec![]);
        let apply = network.apply(&empty);
        sendable(&apply);
        apply.await.unwrap();
        let close = network.close();
        sendable(&close);
        close.await.unwrap();
    });
}
