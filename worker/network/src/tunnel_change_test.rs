//! Hosts of a swarm whose addresses, tasks and neighbours change.

use std::net::Ipv4Addr;

use crate::host::links;
use crate::host::tunnel::Entry;
use crate::lab::{
    CLIENT, HOST, Line, Node, ask, datagrams_to, echo, exchange, follow, in_lab, inside, line_service, on,
    published, serve, service, until_answer, web,
};
use crate::netlink::{Message, NetlinkSocket};

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);

#[test]
fn a_peer_that_leaves_leaves_no_entry() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let [first, second] =
            [two.cell("first", vec![on(1, 6)]).await, three.cell("second", vec![on(1, 7)]).await];
        serve(&first);
        serve(&second);
        follow(1, &[&one, &two, &three], &[web(&[&second])]).await;
        let before = (one.observed().await, one.entries(), one.counts());
        follow(2, &[&one, &two, &three], &[web(&[&first, &second])]).await;
        assert_eq!(one.observed().await.remote, [first.address(), second.address()]);
        follow(3, &[&one, &three], &[web(&[&second])]).await;
        let seen = one.observed().await;
        assert_eq!((seen.peers, seen.rules), (vec![(3, three.address)], vec![3]));
        assert!(one.entries().is_subset(&before.1));
        assert_eq!(asker.ask(VIP, 80).unwrap(), "second 10.0.1.5");
        follow(4, &[&one, &two, &three], &[web(&[&second])]).await;
        assert_eq!((one.observed().await, one.entries(), one.counts()), before);
    });
}

#[test]
fn a_peers_address_changes_and_traffic_goes_on() {
    in_lab(|lab| async move {
        let [one, mut two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        follow(1, &[&one, &two], &[line_service(&task)]).await;
        let mut inner = Line::open(&asker.namespace, (VIP, 7), (&task, 7));
        assert_eq!(inner.exchange().unwrap(), "task hello\n");
        let before = one.entries();
        two.address = Ipv4Addr::new(192, 0, 2, 200);
        let change = |namespace, name: &'static str, message: fn(u32, Ipv4Addr) -> Message| {
            inside(namespace, || {
                let mut socket = NetlinkSocket::route().unwrap();
                let index = links::find(&mut socket, name).unwrap().unwrap();
                socket.all(&[message(index, two.address)], &[]).unwrap();
            });
        };
        change(&two.namespace, "up0", links::address);
        change(&lab.client, "up2", |index, address| links::route(index, &links::host_route(address)));
        follow(2, &[&one, &two], &[line_service(&task)]).await;
        assert_eq!(inner.exchange().unwrap(), "task hello\n");
        let after = one.entries();
        let changed: Vec<_> = after.symmetric_difference(&before).collect();
        assert!(changed.iter().all(|entry| matches!(entry, Entry::Forward(..))), "{changed:?}");
        assert_eq!((one.observed().await.peers, after.len()), (vec![(2, two.address)], before.len()));
        // So may the port, when it does for all.
        for node in [&one, &two] {
            let mut table = node.table(3, &[&one, &two], vec![line_service(&task)]);
            table.tunnel_port = 4790;
            node.network.apply(&table).await.unwrap();
        }
        assert_eq!(inner.exchange().unwrap(), "task hello\n");
    });
}

#[test]
fn an_address_moves_between_hosts() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let nodes = [&one, &two, &three];
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let reaches = |name: &str| assert_eq!(asker.ask(VIP, 80).unwrap(), format!("{name} 10.0.1.5"));
        let there = two.cell("there", vec![on(1, 6)]).await;
        serve(&there);
        follow(1, &nodes, &[web(&[&there])]).await;
        reaches("there");
        // It comes here before the table says so, and leaves.
        let brief = one.cell("brief", vec![on(1, 6)]).await;
        serve(&brief);
        reaches("brief");
        one.network.detach("brief").await.unwrap();
        reaches("there");
        let here = one.cell("here", vec![on(1, 6)]).await;
        serve(&here);
        reaches("here");
        two.network.detach("there").await.unwrap();
        follow(2, &nodes, &[web(&[&here])]).await;
        reaches("here");
        assert!(one.observed().await.remote.is_empty());
        // It is here still when the table has it elsewhere.
        let yonder = three.cell("yonder", vec![on(1, 6)]).await;
        serve(&yonder);
        follow(3, &nodes, &[web(&[&yonder])]).await;
        reaches("here");
        one.network.detach("here").await.unwrap();
        reaches("yonder");
        // And from one other host to the next.
        three.network.detach("yonder").await.unwrap();
        let again = two.cell("again", vec![on(1, 6)]).await;
        serve(&again);
        follow(4, &nodes, &[web(&[&again])]).await;
        reaches("again");
        assert_eq!(one.observed().await.remote, [again.address()]);
    });
}

#[test]
fn a_drained_task_elsewhere_keeps_its_connections() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let nodes = [&one, &two, &three];
        let old = two.cell("old", vec![on(1, 6)]).await;
        let new = three.cell("new", vec![on(1, 7)]).await;
        new.serve(7);
        follow(1, &nodes, &[line_service(&old)]).await;
        let mut outer = Line::open(&lab.client, (HOST, 8081), (&old, 7));
        let mut both = published(service("line", 100, &[&old, &new]), 8081, 7);
        both.backends[0].ready = false;
        follow(2, &nodes, &[both]).await;
        assert_eq!(outer.exchange().unwrap(), "old hello\n");
        assert_eq!(ask(&lab.client, HOST, 8081).unwrap(), format!("new {CLIENT}"));
    });
}

#[test]
fn a_udp_client_is_led_to_a_backend_on_another_host() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let nodes = [&one, &two, &three];
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let [first, second] =
            [two.cell("first", vec![on(1, 6)]).await, three.cell("second", vec![on(1, 7)]).await];
        echo(&first.namespace, 53, "first");
        echo(&second.namespace, 53, "second");
        follow(1, &nodes, &[service("dns", 100, &[&first])]).await;
        let socket = datagrams_to(&asker.namespace, VIP, 53).unwrap();
        let question = || exchange(&socket).unwrap();
        assert_eq!(question(), "first");
        follow(2, &nodes, &[service("dns", 100, &[&second])]).await;
        until_answer(&socket, "second");
    });
}

#[test]
fn a_connection_to_a_task_on_a_lost_host_is_reset() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let nodes = [&one, &two];
        follow(1, &nodes, &[line_service(&task)]).await;
        Line::serve(&task, 7, 2);
        let mut outer = Line::from_port(&lab.client, 40_001, (HOST, 8081));
        let mut inner = Line::from_port(&asker.namespace, 40_002, (VIP, 7));
        assert_eq!(outer.exchange().unwrap(), "task hello\n");
        assert_eq!(inner.exchange().unwrap(), "task hello\n");
        inside(&two.namespace, || {
            let mut socket = NetlinkSocket::route().unwrap();
            let index = links::find(&mut socket, "up0").unwrap().unwrap();
            socket.all(&[links::delete(index)], &[]).unwrap();
        });
        one.follow(2, &nodes, &[service("line", 100, &[])]).await;
        for line in [&mut outer, &mut inner] {
            let error = line.exchange().and_then(|_| line.exchange()).unwrap_err();
            assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "{error}");
        }
    });
}
