//! What the tunnel keeps out.

use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use crate::lab::{
    CLIENT, Cell, HOST, Node, ask, ask_datagram, follow, forged, greet_datagrams, in_lab, inside, on,
    refused, serve, service, web,
};
use crate::netlink::{Message, NetlinkSocket};

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);
/// How long a packet that must not arrive is waited for.
const SILENCE: Duration = Duration::from_millis(300);

#[test]
fn networks_are_apart_across_hosts() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let both = one.cell("both", vec![on(1, 7), on(2, 7)]).await;
        let task = two.cell("task", vec![on(2, 6)]).await;
        serve(&task);
        follow(1, &[&one, &two], &[service("web", 100, &[&task])]).await;
        assert_eq!(both.ask(task.address(), 80).unwrap(), "task 10.0.2.7");
        assert!(refused(&asker.ask(task.address(), 80)));
        // Nor is there a way to addresses on networks that the node does not know.
        let mut table = one.table(2, &[&one, &two], vec![web(&[&task])]);
        table.networks.retain(|network| network.subnet.address == Ipv4Addr::new(10, 0, 1, 0));
        one.network.apply(&table).await.unwrap();
        assert!(one.observed().await.remote.is_empty());
        assert!(refused(&ask(&lab.client, HOST, 8080)));
    });
}

fn listen(namespace: &OwnedFd, address: Ipv4Addr) -> UdpSocket {
    let socket = inside(namespace, || UdpSocket::bind((address, 9)).unwrap());
    socket.set_read_timeout(Some(SILENCE)).unwrap();
    socket
}

/// Whether a packet for `to` arrives at the listener, when `from` sends it through the tunnel as node 1 to node 2.
fn arrives(listener: &UdpSocket, from: &OwnedFd, two: &Node, to: Ipv4Addr) -> bool {
    let packet = forged((1, 2), (Ipv4Addr::new(10, 0, 1, 5), to), 9);
    let socket = inside(from, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap());
    socket.send_to(&packet, (two.address, 4789)).unwrap();
    listener.recv(&mut [0; 64]).is_ok()
}

#[test]
fn packets_of_strangers_are_dropped() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        follow(1, &[&one, &two], &[service("web", 100, &[&task])]).await;
        let listener = listen(&task.namespace, task.address());
        assert!(arrives(&listener, &one.namespace, &two, task.address()));
        assert!(!arrives(&listener, &lab.client, &two, task.address()));
        // A container that reaches other hosts, as from its own, does not speak for it.
        let liar = one.cell("liar", vec![on(2, 5)]).await;
        greet_datagrams(&two.namespace, 10, "two");
        assert_eq!(ask_datagram(&liar.namespace, two.address, 10).unwrap(), format!("two {HOST}"));
        assert!(!arrives(&listener, &liar.namespace, &two, task.address()));
        // One who has left is a stranger, too.
        follow(2, &[&two], &[service("web", 100, &[&task])]).await;
        assert!(!arrives(&listener, &one.namespace, &two, task.address()));
    });
}

#[test]
fn out_of_the_tunnel_packets_go_to_containers_only() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        follow(1, &[&one, &two], &[service("web", 100, &[&task])]).await;
        for (namespace, address) in
            [(&lab.client, CLIENT), (&two.namespace, two.address), (&two.namespace, Ipv4Addr::LOCALHOST)]
        {
            let listener = listen(namespace, address);
            assert!(!arrives(&listener, &one.namespace, &two, address), "{address}");
        }
        let listener = listen(&task.namespace, task.address());
        assert!(arrives(&listener, &one.namespace, &two, task.address()));
    });
}

#[test]
fn nobody_outside_reaches_a_task_elsewhere_but_by_a_published_port() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        follow(1, &[&one, &two], &[web(&[&task])]).await;
        inside(&lab.client, || {
            for target in [task.address(), VIP] {
                assert!(TcpStream::connect_timeout(&(target, 80).into(), SILENCE).is_err());
            }
        });
    });
}

#[test]
fn addresses_of_ended_tasks_elsewhere_are_refused() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let mut gone = Cell::new("gone", vec![on(1, 6)]);
        gone.node = two.id();
        let refuses = || {
            assert!(refused(&asker.ask(VIP, 80)));
            assert!(refused(&asker.ask(gone.address(), 80)));
            assert!(refused(&ask(&lab.host, VIP, 80)));
            assert!(refused(&ask(&lab.client, HOST, 8080)));
        };
        let start = Instant::now();
        // Its node refuses, while others still think that it is there.
        follow(1, &[&one, &two], &[web(&[&gone])]).await;
        refuses();
        // Then each node does.
        follow(2, &[&one, &two], &[web(&[])]).await;
        refuses();
        // So it is with a task on a node that has left.
        follow(3, &[&one], &[web(&[&gone])]).await;
        refuses();
        assert!(start.elapsed() < Duration::from_secs(4), "no answer waited for a timeout");
    });
}

#[test]
fn connections_within_fill_no_table_with_those_around() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        follow(1, &[&one, &two], &[web(&[&task])]).await;
        assert!(ask(&lab.client, HOST, 8080).is_ok());
        for node in [&one, &two] {
            let flows = inside(&node.namespace, || {
                // IPCTNL_MSG_CT_GET of linux/netfilter/nfnetlink_conntrack.h.
                let list = Message::new(0x0101, 0, &[2, 0, 0, 0], "list the tracked connections");
                NetlinkSocket::netfilter().unwrap().dump(list).unwrap()
            });
            // CTA_PROTO_DST_PORT.
            let to = |port: u16| {
                let attribute = [&[6, 0, 3, 0][..], &port.to_be_bytes()].concat();
                flows.iter().filter(|flow| flow.windows(6).any(|bytes| bytes == attribute)).count()
            };
            assert!(!flows.is_empty());
            assert_eq!(to(4789), 0, "node {}", node.number);
        }
    });
}
