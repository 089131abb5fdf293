//! What encrypted networks keep out, and what they keep in.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use boringtun::noise::{Tunn, TunnResult};
use boringtun::x25519::{PublicKey, StaticSecret};
use skep_model::TunnelKey;

use crate::host::links;
use crate::host::tunnel::Kind;
use crate::lab::{
    Cell, Node, Wire, connected, eventually, follow_sealed, forged, in_lab, inside, on, refused, serve,
    showing, to_port, web,
};
use crate::netlink::NetlinkSocket;

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);
/// How long a packet that must not arrive is waited for.
const SILENCE: Duration = Duration::from_millis(300);

fn listen(cell: &Cell) -> UdpSocket {
    let socket = inside(&cell.namespace, || UdpSocket::bind((cell.address(), 9)).unwrap());
    socket.set_read_timeout(Some(SILENCE)).unwrap();
    socket
}

#[test]
fn plain_packets_for_an_encrypted_network_are_dropped() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let sealed = two.cell("sealed", vec![on(1, 6)]).await;
        let plain = two.cell("plain", vec![on(2, 6)]).await;
        follow_sealed(1, &[&one, &two], &[web(&[&sealed])]).await;
        let listeners = [listen(&sealed), listen(&plain)];
        // A member's own packets, in the plain tunnel.
        let arrives = [(&sealed, &listeners[0]), (&plain, &listeners[1])].map(|(cell, listener)| {
            let source = Ipv4Addr::new(10, 0, cell.address().octets()[2], 5);
            let packet = forged((1, 2), (source, cell.address()), 9);
            let socket = inside(&one.namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap());
            socket.send_to(&packet, (two.address, 4789)).unwrap();
            listener.recv(&mut [0; 64]).is_ok()
        });
        assert_eq!(arrives, [false, true]);
    });
}

/// Tries to shake hands with the second node as somebody with this key, from a namespace; the answer's length in bytes, if any.
fn shake(two: &Node, from: &std::os::fd::OwnedFd, own: &StaticSecret, port: u16) -> Option<usize> {
    let theirs = *two.network.tunnel_key().borrow();
    let mut tunn = Tunn::new(own.clone(), PublicKey::from(theirs.0), None, None, 7, None);
    let mut space = [0; 200];
    let TunnResult::WriteToNetwork(hello) = tunn.format_handshake_initiation(&mut space, true) else {
        panic!("no handshake");
    };
    let socket = inside(from, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap());
    socket.set_read_timeout(Some(SILENCE)).unwrap();
    socket.send_to(hello, (two.address, 4790)).unwrap();
    // The node itself may be asking for a session at this address just now (148 bytes).
    let mut answers = std::iter::from_fn(|| socket.recv(&mut [0; 200]).ok());
    answers.find(|length| *length != 148)
}

#[test]
fn strangers_and_forgers_are_dropped_and_counted() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        // Of the first node only the address and a key are there.
        let own = StaticSecret::from([7; 32]);
        let mut table = two.sealed_table(1, &[&one, &two], &[web(&[&task])]);
        table.peers[0].key = Some(TunnelKey(PublicKey::from(&own).to_bytes()));
        two.network.apply(&table).await.unwrap();
        let report = async || two.network.tunnel_report().await.unwrap();
        assert_eq!(shake(&two, &one.namespace, &own, 4790), Some(92), "who has the key is answered");
        assert_eq!((report().await.strangers, report().await.refused), (0, 0));
        assert_eq!(shake(&two, &lab.client, &own, 4790), None, "the key alone is not enough");
        assert_eq!((report().await.strangers, report().await.refused), (1, 0));
        assert_eq!(shake(&two, &one.namespace, &StaticSecret::from([8; 32]), 4790), None);
        assert_eq!((report().await.strangers, report().await.refused), (1, 1));
        // Nonsense, and packets of sessions that there are not.
        let socket = inside(&one.namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap());
        for nonsense in [
            &b""[..],
            b"x",
            &[4; 40],
            &[1; 148],
            &[4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        ] {
            socket.send_to(nonsense, SocketAddrV4::new(two.address, 4790)).unwrap();
        }
        eventually(async || report().await.refused >= 5).await;
        // A member that has left is a stranger.
        two.network.apply(&two.sealed_table(2, &[&two], &[])).await.unwrap();
        assert_eq!(shake(&two, &one.namespace, &own, 4791), None);
    });
}

#[test]
fn without_the_right_key_nothing_goes_and_nothing_goes_plain() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("secretive", vec![on(1, 6)]).await;
        serve(&task);
        let nodes = [&one, &two];
        let wire = Wire::tap(&lab);
        follow_sealed(1, &nodes, &[web(&[&task])]).await;
        // No key at all: there is no way, which is told.
        let mut table = one.sealed_table(2, &nodes, &[web(&[&task])]);
        table.peers[0].key = None;
        one.network.apply(&table).await.unwrap();
        assert!(one.observed().await.sealed.is_empty() && one.observed().await.remote.is_empty());
        assert!(refused(&asker.ask(VIP, 80)));
        assert!(refused(&asker.ask(task.address(), 80)));
        let faults = one.network.tunnel_report().await.unwrap().faults;
        assert!(faults.len() == 1 && faults[0].contains("node 2 at 192.0.2.3"), "{faults:?}");
        // A wrong one: there is nobody who could read it.
        table.version = 3;
        table.peers[0].key = Some(TunnelKey([9; 32]));
        one.network.apply(&table).await.unwrap();
        let silent = inside(&asker.namespace, || {
            let target = SocketAddrV4::new(task.address(), 80).into();
            std::net::TcpStream::connect_timeout(&target, SILENCE).is_err()
        });
        assert!(silent);
        assert!(!one.network.tunnel_report().await.unwrap().sealed[0].connected);
        let frames = wire.end();
        assert_eq!((showing(&frames, "secretive"), to_port(&frames, 4789)), (0, 0));
        follow_sealed(4, &nodes, &[web(&[&task])]).await;
        assert_eq!(asker.ask(VIP, 80).unwrap(), "secretive 10.0.1.5");
    });
}

#[test]
fn a_sealed_link_that_cannot_be_had_is_told_and_nothing_goes_plain() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let nodes = [&one, &two];
        let asker = one.cell("asker", vec![on(1, 5), on(2, 5)]).await;
        let sealed = two.cell("sealed", vec![on(1, 6)]).await;
        let plain = two.cell("plain", vec![on(2, 6)]).await;
        serve(&sealed);
        serve(&plain);
        let services = [web(&[&sealed]), crate::lab::service("open", 101, &[&plain])];
        let taken = inside(&one.namespace, || UdpSocket::bind((one.address, 4790)).unwrap());
        follow_sealed(1, &nodes, &services).await;
        let faults = one.network.tunnel_report().await.unwrap().faults.concat();
        assert!(faults.contains("skep-wg") && faults.contains("192.0.2.1:4790"), "{faults}");
        assert!(refused(&asker.ask(VIP, 80)));
        assert!(refused(&asker.ask(sealed.address(), 80)));
        assert_eq!(asker.ask(plain.address(), 80).unwrap(), "plain 10.0.2.5");
        let seen = one.observed().await;
        assert!(seen.tunnel && !seen.sealed_link && seen.sealed.is_empty());
        drop(taken);
        // A table that says something of one service alone brings the others along, now that they are reached again.
        let partial = skep_model::EndpointTable {
            partial: true,
            networks: Vec::new(),
            peers: Vec::new(),
            ..one.sealed_table(2, &nodes, &services[1..])
        };
        one.network.apply(&partial).await.unwrap();
        assert_eq!(asker.ask(VIP, 80).unwrap(), "sealed 10.0.1.5");
        assert!(one.network.tunnel_report().await.unwrap().faults.is_empty());
        // Somebody deletes the link: nothing goes until it is made again.
        let wire = Wire::tap(&lab);
        inside(&one.namespace, || {
            let mut socket = NetlinkSocket::route().unwrap();
            let index = links::find(&mut socket, Kind::Sealed.name()).unwrap().unwrap();
            socket.all(&[links::delete(index)], &[]).unwrap();
        });
        assert!(asker.ask(sealed.address(), 80).is_err());
        eventually(async || asker.ask(VIP, 80).is_ok()).await;
        connected(&nodes).await;
        assert_eq!(to_port(&wire.end(), 4789), 0);
    });
}
