//! What nodes find out about the ways between them.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use skep_model::PathReport;

use crate::family::Family;
use crate::host::tunnel::Entry;
use crate::lab::{Cell, Lab, Line, MTU_BYTES, Node, follow, in_lab, inside, line_service, on, set_rules};

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);
/// What the tunnel puts around a packet, in bytes.
const AROUND: u32 = 50;

/// The way from one node to the only other, measured now.
async fn path(from: &Node) -> PathReport {
    let [path] = from.network.measure_paths().await.try_into().unwrap();
    path
}

/// The packet sizes of the routes to another node's tasks, and back to it.
fn route_mtus(node: &Node) -> Vec<u32> {
    let mtus = node.entries().into_iter().filter_map(|entry| match entry {
        Entry::Route(address, number, mtu) if address != number.hop() => Some(mtu),
        Entry::Back(Family::V4, _, mtu) => Some(mtu),
        _ => None,
    });
    mtus.collect()
}

#[test]
fn a_healthy_way_takes_packets_of_full_size() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        follow(1, &[&one, &two], &[]).await;
        for (from, to) in [(&one, &two), (&two, &one)] {
            let found = path(from).await;
            assert_eq!((found.peer, found.mtu, found.link_mtu), (to.id(), MTU_BYTES, MTU_BYTES), "{found:?}");
            assert!(found.is_sound() && found.answered > 0 && found.round_trip_us > 0, "{found:?}");
        }
        assert!(path(&one).await.heard, "the other one has probed this one");
    });
}

#[test]
fn the_biggest_packet_is_found_and_routes_follow_it() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        follow(1, &[&one, &two], &[line_service(&task)]).await;
        lab.set_wire_mtu(&two, 1280);
        for node in [&one, &two] {
            let found = path(node).await;
            assert_eq!((found.mtu, found.unchecked_mtu), (1280 - AROUND, 1280 - AROUND), "{found:?}");
            assert!(!found.altered);
        }
        assert_eq!(route_mtus(&one), [1280 - AROUND; 2]);
        assert_eq!(route_mtus(&two), [1280 - AROUND]);
        a_megabyte_passes(&asker, &task);
        datagrams_pass(&asker, &task);
        // Another table keeps what was measured, and so does another daemon.
        follow(2, &[&one, &two], &[line_service(&task)]).await;
        assert_eq!(route_mtus(&one), [1280 - AROUND; 2]);
        let one = one.restart(&[&asker]).await;
        follow(3, &[&one, &two], &[line_service(&task)]).await;
        assert_eq!(route_mtus(&one), [1280 - AROUND; 2]);
        lab.set_wire_mtu(&two, 1500);
        for node in [&one, &two] {
            assert!(path(node).await.is_sound());
        }
        assert_eq!((route_mtus(&one), route_mtus(&two)), (vec![0; 2], vec![0]));
    });
}

/// By TCP, both ways.
fn a_megabyte_passes(asker: &Cell, task: &Cell) {
    let long = "x".repeat(1 << 20);
    let mut line = Line::open(&asker.namespace, (VIP, 7), (task, 7));
    assert_eq!(line.send(&long).unwrap(), format!("task {long}\n"));
}

/// Of 1,400 bytes, both ways.
fn datagrams_pass(asker: &Cell, task: &Cell) {
    let [there, here] = [task, asker].map(|cell| {
        let socket = inside(&cell.namespace, || UdpSocket::bind((cell.address(), 9)).unwrap());
        socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        socket
    });
    for (from, to, address) in [(&here, &there, task.address()), (&there, &here, asker.address())] {
        // The first one may be refused by the host, which says what it takes; whoever sends again sends it in pieces.
        let came = (0..5).find_map(|_| {
            let _ = from.send_to(&[1; 1400], (address, 9));
            to.recv(&mut [0; 2000]).ok()
        });
        assert_eq!(came, Some(1400));
    }
}

#[test]
fn a_wire_that_swallows_big_packets_is_found_too() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        follow(1, &[&one, &two], &[line_service(&task)]).await;
        // Nobody says a word: a switch with a smaller MTU.
        lab.set_wire_rules("meta length > 1400 drop");
        for node in [&one, &two] {
            assert_eq!(path(node).await.mtu, 1400 - AROUND);
        }
        assert_eq!(route_mtus(&one), [1400 - AROUND; 2]);
        datagrams_pass(&asker, &task);
        lab.set_wire_rules("");
        assert!(path(&one).await.is_sound());
        assert_eq!(route_mtus(&one), [0; 2]);
    });
}

#[test]
fn the_background_finds_it_by_itself() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        lab.set_wire_rules("meta length > 1400 drop");
        follow(1, &[&one, &two], &[]).await;
        let (version, paths) = one.network.next_paths(0).await;
        assert_eq!((version, paths.len()), (1, 1));
        assert_eq!(paths[0].mtu, 1400 - AROUND);
        assert_eq!(route_mtus(&one), [1400 - AROUND]);
        // A node that leaves is forgotten.
        one.follow(2, &[&one], &[]).await;
        assert_eq!(one.network.next_paths(version).await, (2, Vec::new()));
    });
}

#[test]
fn a_blocked_port_is_told_from_a_host_that_is_not_there() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        follow(1, &[&one, &two], &[]).await;
        // Only from the first to the second: its answers are lost as well.
        lab.set_wire_rules(&format!("ip saddr {} udp dport 4789 drop", one.address));
        let (there, back) = tokio::join!(path(&one), path(&two));
        assert!(there.is_silent() && there.outside, "{there:?}");
        assert!(back.is_silent() && back.outside, "{back:?}");
        assert!(there.heard && !back.heard, "the first hears the second, not the other way");
        lab.set_wire_rules(&format!("ip daddr {} drop", two.address));
        let there = path(&one).await;
        assert!(there.is_silent() && !there.outside, "{there:?}");
    });
}

#[test]
fn some_loss_is_no_blockage() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        follow(1, &[&one, &two], &[]).await;
        lab.set_wire_rules("meta l4proto udp numgen random mod 100 < 5 drop");
        for _ in 0..10 {
            let (there, back) = tokio::join!(path(&one), path(&two));
            assert!(there.is_sound() && back.is_sound(), "{there:?} {back:?}");
        }
    });
}

#[test]
fn altered_content_is_found() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        follow(1, &[&one, &two], &[]).await;
        // Two bytes of the content in the tunnel: around it are 8 bytes of UDP, 8 of VXLAN, 14 of Ethernet, 20 of IP, 8 of UDP.
        let inner = (8 + 8 + 14 + 20 + 8 + 40) * 8;
        lab.set_wire_rules(&format!("ip saddr {} udp dport 4789 @th,{inner},16 set 0xdead", one.address));
        let found = path(&one).await;
        // Between namespaces checksums are not looked at, as with a card that makes them anew: it arrives.
        assert!(found.altered && !found.is_sound(), "{found:?}");
        // Answers are so short that nothing of them is touched.
        assert!(path(&two).await.is_sound());
    });
}

#[test]
fn nobody_but_peers_is_answered() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        follow(1, &[&one, &two], &[line_service(&task)]).await;
        let hop = |node: &Node| crate::host::tunnel::Number::new(node.number).unwrap().hop();
        let question = b"skq1\0\0\0\0\0\0\0\x01and more".to_vec();
        // A task asks its own host and the other; a client asks a host.
        for (namespace, target) in
            [(&task.namespace, hop(&two)), (&task.namespace, hop(&one)), (&lab.client, two.address)]
        {
            let socket = inside(namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap());
            socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            let _ = socket.send_to(&question, (target, 4788));
            assert!(socket.recv(&mut [0; 100]).is_err(), "{target} answered");
        }
    });
}

#[test]
fn a_tunnel_made_anew_is_probed_again() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        follow(1, &[&one, &two], &[]).await;
        assert!(path(&one).await.is_sound());
        one.follow(2, &[], &[]).await;
        one.network.apply(&crate::lab::table(3, vec![])).await.unwrap();
        assert!(one.network.measure_paths().await.is_empty());
        follow(4, &[&one, &two], &[]).await;
        assert!(path(&one).await.is_sound());
        one.network.close().await.unwrap();
        assert!(one.network.measure_paths().await.is_empty());
    });
}

#[test]
fn a_firewall_on_the_other_host_is_a_blocked_port() {
    in_lab(|lab: Lab| async move {
        let [one, two] = Node::several(&lab).await;
        follow(1, &[&one, &two], &[]).await;
        set_rules(&two.namespace, "input", "udp dport 4789 drop");
        let found = path(&one).await;
        assert!(found.is_silent() && found.outside, "{found:?}");
    });
}
