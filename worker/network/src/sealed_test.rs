//! Encrypted networks across hosts, with real connections.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use crate::lab::{
    CLIENT, HOST, Line, MTU_BYTES, Node, Wire, ask, ask_datagram, connected, follow, follow_sealed, in_lab,
    inside, line_service, on, refused, serve, service, showing, to_port, web,
};

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);
const PLAIN: u16 = 4789;
const SEALED: u16 = 4790;

#[test]
fn an_encrypted_network_works_as_any_other_and_nobody_on_the_way_can_read_it() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let nodes = [&one, &two, &three];
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("secretive", vec![on(1, 6)]).await;
        serve(&task);
        let wire = Wire::tap(&lab);
        follow_sealed(1, &nodes, &[web(&[&task])]).await;
        assert_eq!(asker.ask(VIP, 80).unwrap(), "secretive 10.0.1.5");
        assert_eq!(asker.ask(task.address(), 80).unwrap(), "secretive 10.0.1.5");
        assert_eq!(ask_datagram(&asker.namespace, VIP, 53).unwrap(), "secretive 10.0.1.5");
        let frames = wire.end();
        assert_eq!((showing(&frames, "secretive"), to_port(&frames, PLAIN)), (0, 0));
        assert!(to_port(&frames, SEALED) > 10);
        // Clients outside keep their addresses, by every node.
        for entry in nodes {
            let seen = format!("secretive {CLIENT}");
            assert_eq!(ask(&lab.client, entry.address, 8080).unwrap(), seen, "by node {}", entry.number);
            assert_eq!(ask_datagram(&lab.client, entry.address, 5353).unwrap(), seen);
        }
        assert_eq!(ask(&lab.host, Ipv4Addr::LOCALHOST, 8080).unwrap(), format!("secretive {HOST}"));
        assert_eq!(ask(&two.namespace, HOST, 8080).unwrap(), format!("secretive {HOST}"));
    });
}

#[test]
fn what_a_task_refuses_is_told_and_not_in_the_clear() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        let wire = Wire::tap(&lab);
        follow_sealed(1, &[&one, &two], &[web(&[&task])]).await;
        assert!(refused(&asker.ask(VIP, 80)));
        assert!(refused(&ask_datagram(&asker.namespace, VIP, 53)));
        assert!(refused(&ask(&lab.host, VIP, 80)));
        // The task's node refuses for one that has gone: what it says quotes what was sent.
        two.network.detach("task").await.unwrap();
        assert!(refused(&asker.ask(VIP, 80)));
        assert!(refused(&ask_datagram(&asker.namespace, VIP, 53)));
        assert_eq!(to_port(&wire.end(), PLAIN), 0);
        assert!(refused(&ask_datagram(&lab.client, HOST, 5353)));
    });
}

#[test]
fn plain_and_encrypted_networks_are_side_by_side() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5), on(2, 5)]).await;
        let sealed = two.cell("sealed", vec![on(1, 6)]).await;
        let plain = two.cell("plain", vec![on(2, 7)]).await;
        serve(&sealed);
        serve(&plain);
        let mut open = service("open", 101, &[&plain]);
        open.vips.clear();
        open.published = vec![skep_model::PublishedPort {
            protocol: skep_model::Protocol::Tcp,
            published: 8082,
            target: 80,
            address: None,
        }];
        follow_sealed(1, &[&one, &two], &[web(&[&sealed]), open]).await;
        connected(&[&one, &two]).await;
        let seen = one.observed().await;
        assert_eq!((seen.sealed, seen.remote), (vec![sealed.address()], vec![plain.address()]));
        let wire = Wire::tap(&lab);
        assert_eq!(asker.ask(sealed.address(), 80).unwrap(), "sealed 10.0.1.5");
        let quiet = wire.end();
        assert_eq!((to_port(&quiet, PLAIN), showing(&quiet, "sealed 10.0.1.5")), (0, 0));
        let wire = Wire::tap(&lab);
        assert_eq!(asker.ask(plain.address(), 80).unwrap(), "plain 10.0.2.5");
        assert!(showing(&wire.end(), "plain 10.0.2.5") > 0);
        // A container of the encrypted network that uses a port of the plain one: its address comes from the one network,
        // the connection is of the other.
        assert_eq!(asker.ask(HOST, 8082).unwrap(), "plain 10.0.1.5");
        assert_eq!(asker.ask(HOST, 8080).unwrap(), "sealed 10.0.1.5");
        assert_eq!(ask(&lab.client, two.address, 8082).unwrap(), format!("plain {CLIENT}"));
    });
}

#[test]
fn a_network_may_become_encrypted_and_plain_again_under_an_open_connection() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let nodes = [&one, &two];
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        let services = [line_service(&task)];
        follow(1, &nodes, &services).await;
        let mut outer = Line::open(&lab.client, (HOST, 8081), (&task, 7));
        let mut inner = Line::open(&asker.namespace, (task.address(), 8), (&task, 8));
        let counts = [one.counts(), two.counts()];
        let mut passes = |text: &str| {
            for line in [&mut outer, &mut inner] {
                assert_eq!(line.send(text).unwrap(), format!("task {text}\n"));
            }
        };
        passes("before");
        for round in 0..3 {
            follow_sealed(2 + 2 * round, &nodes, &services).await;
            connected(&nodes).await;
            let wire = Wire::tap(&lab);
            passes("confidential");
            let frames = wire.end();
            // The client outside speaks with the first host in the clear; only that.
            assert_eq!(to_port(&frames, PLAIN), 0);
            follow(3 + 2 * round, &nodes, &services).await;
            passes("open");
        }
        assert_eq!([one.counts(), two.counts()], counts);
        assert!(!one.observed().await.sealed_link);
    });
}

#[test]
fn packets_of_full_size_pass_sealed() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        follow_sealed(1, &[&one, &two], &[line_service(&task)]).await;
        connected(&[&one, &two]).await;
        let long = "x".repeat(1 << 20);
        let mut inner = Line::open(&asker.namespace, (VIP, 7), (&task, 7));
        assert_eq!(inner.send(&long).unwrap(), format!("task {long}\n"));
        drop(inner);
        let mut outer = Line::open(&lab.client, (HOST, 8081), (&task, 7));
        assert_eq!(outer.send(&long).unwrap(), format!("task {long}\n"));
        let [there, here] = [&task, &asker].map(|cell| {
            let socket = inside(&cell.namespace, || UdpSocket::bind((cell.address(), 9)).unwrap());
            socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            socket
        });
        // Such as fit, such as fit the container's link but not the sealed one, and such as fit no link.
        for size in [100, MTU_BYTES as usize - 38, MTU_BYTES as usize - 28, 4000, 60_000] {
            let datagram = vec![1; size];
            let mut buffer = vec![0; 65_536];
            // The first that is too big may only teach the sender how big they may be.
            let mut pass = |from: &UdpSocket, to: &UdpSocket, target| {
                to.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
                let mut tries = (0..10).map(|_| {
                    let _ = from.send_to(&datagram, (target, 9));
                    to.recv(&mut buffer).ok()
                });
                assert_eq!(tries.find_map(|it| it), Some(size), "{size} bytes");
            };
            pass(&here, &there, task.address());
            pass(&there, &here, asker.address());
        }
    });
}
