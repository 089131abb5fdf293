//! Daemons of a swarm that come back, that cannot do what they are told, and that leave for good.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Instant;

use skep_model::{EndpointTable, NodeId, Peer};

use crate::family::Family;
use crate::host::links;
use crate::host::tunnel::{Entry, Kind};
use crate::lab::{
    CLIENT, Cell, HOST, Line, Node, TABLE, ask, eventually, follow, in_lab, inside, line_service, on,
    refused, serve, service, table, web,
};
use crate::netlink::NetlinkSocket;
use crate::nft::Batch;

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);

#[test]
fn daemons_that_come_back_keep_open_connections() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        follow(1, &[&one, &two], &[line_service(&task)]).await;
        let mut outer = Line::open(&lab.client, (HOST, 8081), (&task, 7));
        let mut exchange = || assert_eq!(outer.exchange().unwrap(), "task hello\n");
        exchange();
        let before = (one.entries(), two.entries(), one.counts(), two.counts());
        let one = one.restart(&[&asker]).await;
        exchange();
        let two = two.restart(&[&task]).await;
        exchange();
        follow(2, &[&one, &two], &[line_service(&task)]).await;
        exchange();
        assert_eq!((one.entries(), two.entries(), one.counts(), two.counts()), before);
        let inner = Line::open(&asker.namespace, (VIP, 7), (&task, 7)).exchange();
        assert_eq!(inner.unwrap(), "task hello\n");
    });
}

#[test]
fn what_a_former_daemon_left_goes_with_the_first_table() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        follow(1, &[&one, &two, &three], &[web(&[&task])]).await;
        let one = one.restart(&[]).await;
        assert_eq!(ask(&lab.client, HOST, 8080).unwrap(), format!("task {CLIENT}"));
        one.follow(2, &[&one, &three], &[web(&[])]).await;
        let seen = one.observed().await;
        assert_eq!((seen.peers, seen.rules, seen.remote), (vec![(3, three.address)], vec![3], vec![]));
        assert_eq!(one.entries().len(), 6);
        let one = one.restart(&[]).await;
        one.network.apply(&table(3, vec![])).await.unwrap();
        let seen = one.observed().await;
        assert!(!seen.tunnel && one.entries().is_empty());
    });
}

#[test]
fn a_taken_port_is_told_and_the_rest_of_the_table_holds() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let here = one.cell("here", vec![on(1, 5)]).await;
        let there = two.cell("there", vec![on(1, 6)]).await;
        serve(&here);
        serve(&there);
        one.network.apply(&table(1, vec![web(&[&here])])).await.unwrap();
        let before = one.counts();
        let taken = inside(&one.namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 4789)).unwrap());
        // A local service is as the new table says; what is elsewhere is refused.
        let wanted = one.table(2, &[&one, &two], vec![web(&[&there]), line_service(&here)]);
        one.network.apply(&wanted).await.unwrap();
        let faults = one.network.tunnel_report().await.unwrap().faults.concat();
        assert!(faults.contains("bring the tunnel's link up") && faults.contains("EADDRINUSE"), "{faults}");
        let seen = one.observed().await;
        assert!(!seen.tunnel && seen.remote.is_empty());
        assert_eq!(one.counts(), before);
        assert!(refused(&ask(&lab.client, HOST, 8080)));
        here.serve(7);
        assert_eq!(ask(&lab.client, HOST, 8081).unwrap(), format!("here {CLIENT}"));
        drop(taken);
        two.follow(2, &[&one, &two], &[web(&[&there])]).await;
        // It is tried again without another table.
        eventually(async || ask(&lab.client, HOST, 8080).ok() == Some(format!("there {CLIENT}"))).await;
        assert!(one.network.tunnel_report().await.unwrap().faults.is_empty());
    });
}

#[test]
fn what_others_deleted_is_made_again() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let nodes = [&one, &two];
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        let reaches = || {
            assert_eq!(ask(&lab.client, HOST, 8080).unwrap(), format!("task {CLIENT}"));
            assert_eq!(asker.ask(VIP, 80).unwrap(), "task 10.0.1.5");
        };
        follow(1, &nodes, &[web(&[&task])]).await;
        reaches();
        let before = [one.entries(), two.entries()];
        for (version, node) in (2..).zip(nodes) {
            inside(&node.namespace, || {
                let mut socket = NetlinkSocket::route().unwrap();
                let index = links::find(&mut socket, "skep-vx").unwrap().unwrap();
                socket
                    .all(&[links::delete(index), Entry::Gate(Family::V4).remove(Kind::Plain, index)], &[])
                    .unwrap();
                let mut batch = Batch::new(TABLE);
                batch.delete_table();
                batch.commit(&mut NetlinkSocket::netfilter().unwrap()).unwrap();
            });
            follow(version, &nodes, &[web(&[&task])]).await;
            reaches();
        }
        assert_eq!([one.entries(), two.entries()], before);
    });
}

#[test]
fn many_tasks_elsewhere_cost_little() {
    in_lab(|lab| async move {
        let one = Node::first(&lab).await;
        let [some] = [on(1, 5)].map(|address| Cell::new("none", vec![address]));
        let services: Vec<_> = (0..250_u16)
            .map(|number| {
                let [high, low] = number.to_be_bytes();
                let mut many = service("s", 100, &[&some, &some, &some, &some]);
                many.vips[0].address = Some(Ipv4Addr::new(10, 0, 2 + high, low));
                for (part, backend) in (0..).zip(&mut many.backends) {
                    backend.node = NodeId::new(2 + u128::from(number + part) % 50);
                    backend.addresses[0].1 = Ipv4Addr::new(10, 0, 4 * (1 + high) + part as u8, low);
                }
                many
            })
            .collect();
        let peer = |number: u16| Peer {
            node: NodeId::new(number.into()),
            number,
            address: CLIENT,
            key: None,
            ipv6: true,
        };
        let with = |version, count: usize| EndpointTable {
            own: Some(one.peer()),
            peers: (2..52).map(peer).collect(),
            ..table(version, services[..count].to_vec())
        };
        for (version, count) in [(1, 250), (2, 249), (3, 250), (4, 250)] {
            let wanted = with(version, count);
            let start = Instant::now();
            one.network.apply(&wanted).await.unwrap();
            println!("{count} services with four tasks each elsewhere: {:?}", start.elapsed());
            assert_eq!(one.observed().await.remote.len(), count * 4);
        }
    });
}

#[test]
fn two_hundred_comings_and_goings_leave_nothing() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let tasks = [two.cell("a", vec![on(1, 6), on(2, 6)]).await, three.cell("b", vec![on(1, 7)]).await];
        one.network.apply(&table(1, vec![])).await.unwrap();
        let before = (one.observed().await, one.counts());
        for round in 0..200 {
            let nodes: &[_] = if round % 2 == 0 { &[&one, &two, &three] } else { &[&one, &two] };
            one.follow(round * 3 + 2, nodes, &[web(&[&tasks[0], &tasks[1]])]).await;
            let routes = if round % 2 == 0 { 3 } else { 2 };
            assert_eq!(one.entries().len(), (nodes.len() - 1) * 5 + 1 + routes);
            one.follow(round * 3 + 3, &[&one], &[]).await;
            assert_eq!(one.entries(), [Entry::Gate(Family::V4)].into());
            assert!(one.observed().await.tunnel);
            // The link itself goes less often: that takes the kernel some 40 ms.
            if round % 4 == 3 {
                one.network.apply(&table(round * 3 + 4, vec![])).await.unwrap();
                assert!(!one.observed().await.tunnel);
            }
        }
        assert_eq!((one.observed().await, one.counts()), before);
        one.follow(1000, &[&one, &two, &three], &[web(&[&tasks[0], &tasks[1]])]).await;
        one.network.close().await.unwrap();
        assert_eq!(one.observed().await, crate::Observed::default());
        assert_eq!(one.counts(), before.1);
    });
}
