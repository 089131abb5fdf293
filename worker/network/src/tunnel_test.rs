//! Several hosts, and real connections between them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, UdpSocket};

use crate::lab::{
    CLIENT, HOST, Line, MTU_BYTES, Node, ask, ask_datagram, follow, in_lab, inside, on, published, refused,
    serve, service, web,
};

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 100);

#[test]
fn a_container_reaches_a_vip_whose_only_task_is_elsewhere() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        follow(1, &[&one, &two], &[web(&[&task])]).await;
        assert_eq!(asker.ask(VIP, 80).unwrap(), "task 10.0.1.5");
        assert_eq!(asker.ask(task.address(), 80).unwrap(), "task 10.0.1.5");
        assert_eq!(ask_datagram(&asker.namespace, VIP, 53).unwrap(), "task 10.0.1.5");
        // By the published port, too, at either host.
        assert_eq!(asker.ask(HOST, 8080).unwrap(), "task 10.0.1.5");
        assert_eq!(asker.ask(two.address, 8080).unwrap(), format!("task {HOST}"));
        assert_eq!(ask_datagram(&asker.namespace, HOST, 5353).unwrap(), "task 10.0.1.5");
    });
}

#[test]
fn a_client_keeps_its_address_on_the_way_to_another_host() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        follow(1, &[&one, &two, &three], &[web(&[&task])]).await;
        for entry in [&one, &two, &three] {
            let seen = format!("task {CLIENT}");
            assert_eq!(ask(&lab.client, entry.address, 8080).unwrap(), seen, "by node {}", entry.number);
            assert_eq!(ask_datagram(&lab.client, entry.address, 5353).unwrap(), seen);
        }
    });
}

#[test]
fn hosts_that_check_sources_strictly_are_no_hindrance() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        for node in [&one, &two] {
            inside(&node.namespace, || {
                // With the second, marks count in the check: VPN programs set it.
                for setting in ["all/rp_filter", "default/rp_filter", "all/src_valid_mark"] {
                    std::fs::write(format!("/proc/sys/net/ipv4/conf/{setting}"), "1").unwrap();
                }
            });
        }
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        follow(1, &[&one, &two], &[web(&[&task])]).await;
        assert_eq!(ask(&lab.client, HOST, 8080).unwrap(), format!("task {CLIENT}"));
        assert_eq!(ask_datagram(&lab.client, HOST, 5353).unwrap(), format!("task {CLIENT}"));
        assert_eq!(ask(&lab.host, VIP, 80).unwrap(), format!("task {HOST}"));
    });
}

#[test]
fn what_a_task_refuses_is_told_across_hosts() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        // Nobody serves in it: TCP is reset, UDP is answered by ICMP.
        let task = two.cell("task", vec![on(1, 6)]).await;
        follow(1, &[&one, &two], &[web(&[&task])]).await;
        assert!(refused(&asker.ask(VIP, 80)));
        assert!(refused(&ask_datagram(&asker.namespace, VIP, 53)));
        assert!(refused(&ask(&lab.client, HOST, 8080)));
        assert!(refused(&ask_datagram(&lab.client, HOST, 5353)));
        assert!(refused(&ask_datagram(&lab.host, Ipv4Addr::LOCALHOST, 5353)));
    });
}

#[test]
fn tasks_here_and_elsewhere_take_turns() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let mut cells = Vec::new();
        for (node, id, part) in [(&one, "a", 11), (&two, "b", 12), (&three, "c", 13)] {
            let cell = node.cell(id, vec![on(1, part)]).await;
            serve(&cell);
            cells.push(cell);
        }
        let backends: Vec<_> = cells.iter().collect();
        follow(1, &[&one, &two, &three], &[web(&backends)]).await;
        let mut counts = BTreeMap::new();
        for _ in 0..15 {
            *counts.entry(asker.ask(VIP, 80).unwrap()).or_insert(0) += 1;
            *counts.entry(ask(&lab.client, HOST, 8080).unwrap()).or_insert(0) += 1;
        }
        assert_eq!(counts.values().copied().collect::<Vec<_>>(), [5; 6], "{counts:?}");
        // A task that calls its own service meets itself without leaving its host.
        let own: Vec<_> = (0..3).map(|_| cells[0].ask(VIP, 80).unwrap()).collect();
        assert!(own.contains(&format!("a {VIP}")), "{own:?}");
        assert!(own.contains(&"c 10.0.1.11".to_owned()), "{own:?}");
    });
}

#[test]
fn the_host_itself_reaches_tasks_elsewhere() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        follow(1, &[&one, &two], &[web(&[&task])]).await;
        let seen = format!("task {HOST}");
        for (target, tcp, udp) in
            [(Ipv4Addr::LOCALHOST, 8080, 5353), (HOST, 8080, 5353), (VIP, 80, 53), (task.address(), 80, 53)]
        {
            assert_eq!(ask(&lab.host, target, tcp).unwrap(), seen, "{target}");
            assert_eq!(ask_datagram(&lab.host, target, udp).unwrap(), seen, "{target}");
        }
    });
}

#[test]
fn a_host_is_led_back_to_its_own_task() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = two.cell("asker", vec![on(1, 7)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        follow(1, &[&one, &two], &[web(&[&task])]).await;
        let seen = format!("task {HOST}");
        assert_eq!(ask(&two.namespace, HOST, 8080).unwrap(), seen);
        assert_eq!(ask_datagram(&two.namespace, HOST, 5353).unwrap(), seen);
        assert_eq!(asker.ask(HOST, 8080).unwrap(), seen);
    });
}

#[test]
fn one_port_of_a_client_may_lead_to_a_task_by_two_hosts() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let task = three.cell("task", vec![on(1, 6)]).await;
        serve(&task);
        follow(1, &[&one, &two, &three], &[web(&[&task])]).await;
        let seen = format!("task {CLIENT}");
        let socket = inside(&lab.client, || UdpSocket::bind((CLIENT, 40_000)).unwrap());
        socket.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        for entry in [&one, &two, &one] {
            socket.send_to(b"?", (entry.address, 5353)).unwrap();
            let mut answer = [0; 64];
            let (length, from) = socket.recv_from(&mut answer).unwrap();
            assert_eq!(from, (entry.address, 5353).into());
            assert_eq!(String::from_utf8_lossy(&answer[..length]), seen);
        }
        follow(2, &[&one, &two, &three], &[published(service("line", 101, &[&task]), 8081, 7)]).await;
        Line::serve(&task, 7, 2);
        let mut lines = [&one, &two].map(|entry| Line::from_port(&lab.client, 40_001, (entry.address, 8081)));
        for at in [0, 1, 0, 1] {
            assert_eq!(lines[at].exchange().unwrap(), "task hello\n");
        }
    });
}

#[test]
fn packets_of_full_size_pass() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on(1, 5)]).await;
        let task = two.cell("task", vec![on(1, 6)]).await;
        let line = |port| published(service("line", 100, &[&task]), 8081, port);
        follow(1, &[&one, &two], &[line(7)]).await;
        let long = "x".repeat(1 << 20);
        let mut inner = Line::open(&asker.namespace, (VIP, 7), (&task, 7));
        assert_eq!(inner.send(&long).unwrap(), format!("task {long}\n"));
        follow(2, &[&one, &two], &[line(8)]).await;
        // The outside's packets are bigger than the tunnel's.
        let mut outer = Line::open(&lab.client, (HOST, 8081), (&task, 8));
        assert_eq!(outer.send(&long).unwrap(), format!("task {long}\n"));
        let [there, here] = [&task, &asker].map(|cell| {
            let socket = inside(&cell.namespace, || UdpSocket::bind((cell.address(), 9)).unwrap());
            socket.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
            socket
        });
        // Less the headers of IP and UDP; not to be cut.
        let full = vec![1; MTU_BYTES as usize - 28];
        here.send_to(&full, (task.address(), 9)).unwrap();
        assert_eq!(there.recv(&mut [0; 2000]).unwrap(), full.len());
        there.send_to(&full, (asker.address(), 9)).unwrap();
        assert_eq!(here.recv(&mut [0; 2000]).unwrap(), full.len());
    });
}
