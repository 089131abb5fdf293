//! Several hosts, and real connections by IPv6 between them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::process::Command;

use crate::host::tunnel::Number;
use crate::lab::{
    CLIENT, HOST, Node, Wire, ask, ask_datagram, connected, follow6, in_lab, inside, on, on6, outside6,
    published, refused, serve, service, showing, to_port, web, with_ipv6,
};

/// Beside 10.0.1.100.
const VIP: Ipv6Addr = Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, 100);

fn host6() -> Ipv6Addr {
    outside6(HOST)
}

fn seen_client() -> String {
    format!("task {}", outside6(CLIENT))
}

#[test]
fn a_container_reaches_a_vip_whose_only_task_is_elsewhere() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on6(1, 5)]).await;
        let task = two.cell("task", vec![on6(1, 6)]).await;
        let stranger = one.cell("stranger", vec![on6(2, 5)]).await;
        serve(&task);
        follow6(1, &[&one, &two], &[web(&[&task])]).await;
        assert_eq!(one.observed().await.remote6, [task.address6()]);
        assert_eq!(asker.ask(VIP, 80).unwrap(), "task fd00:1::5");
        assert_eq!(asker.ask(task.address6(), 80).unwrap(), "task fd00:1::5");
        assert_eq!(ask_datagram(&asker.namespace, VIP, 53).unwrap(), "task fd00:1::5");
        // By the published port, too, at this host.
        assert_eq!(asker.ask(host6(), 8080).unwrap(), "task fd00:1::5");
        assert!(refused(&stranger.ask(task.address6(), 80)));
        assert!(refused(&stranger.ask(VIP, 80)));
    });
}

#[test]
fn a_client_keeps_its_address_on_the_way_to_another_host() {
    in_lab(|lab| async move {
        let [one, two, three] = Node::several(&lab).await;
        let task = two.cell("task", vec![on6(1, 6)]).await;
        serve(&task);
        follow6(1, &[&one, &two, &three], &[web(&[&task])]).await;
        for entry in [&one, &two, &three] {
            let (seen, address) = (seen_client(), outside6(entry.address));
            assert_eq!(ask(&lab.client, address, 8080).unwrap(), seen, "by node {}", entry.number);
            assert_eq!(ask_datagram(&lab.client, address, 5353).unwrap(), seen);
            assert_eq!(ask(&lab.client, entry.address, 8080).unwrap(), format!("task {CLIENT}"));
        }
        follow6(2, &[&one, &two, &three], &[]).await;
        assert!(refused(&ask(&lab.client, host6(), 8080)));
    });
}

#[test]
fn the_host_itself_reaches_tasks_elsewhere() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let task = two.cell("task", vec![on6(1, 6)]).await;
        serve(&task);
        follow6(1, &[&one, &two], &[web(&[&task])]).await;
        let seen = format!("task {}", Number::new(1).unwrap().shown6());
        let localhost = Ipv6Addr::LOCALHOST;
        for (target, tcp, udp) in
            [(localhost, 8080, 5353), (host6(), 8080, 5353), (VIP, 80, 53), (task.address6(), 80, 53)]
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
        let asker = two.cell("asker", vec![on6(1, 7)]).await;
        let task = two.cell("task", vec![on6(1, 6)]).await;
        serve(&task);
        follow6(1, &[&one, &two], &[web(&[&task])]).await;
        let seen = format!("task {}", outside6(two.address));
        assert_eq!(ask(&two.namespace, host6(), 8080).unwrap(), seen);
        assert_eq!(ask_datagram(&two.namespace, host6(), 5353).unwrap(), seen);
        assert_eq!(asker.ask(host6(), 8080).unwrap(), seen);
        // The host is reached as ever.
        crate::lab::greet(&two.namespace, 90, "host");
        assert_eq!(
            ask(&lab.client, outside6(two.address), 90).unwrap(),
            format!("host {}", outside6(CLIENT))
        );
        assert_eq!(ask(&two.namespace, Ipv6Addr::LOCALHOST, 90).unwrap(), "host ::1");
        // Somebody puts the kernel's rule back to the front.
        inside(&two.namespace, || {
            for change in
                ["del fwmark 0x6b73/0xffff", "add priority 0 fwmark 0x6b73/0xffff protocol 115 goto 33000"]
            {
                let words = ["-6", "rule"].into_iter().chain(change.split(' '));
                assert!(Command::new("ip").args(words).status().unwrap().success(), "{change}");
            }
        });
        let found = two.network.audit(true).await.unwrap();
        assert!(
            found.iter().any(|one| one.what.starts_with("missing: Gate(V6)") && one.repaired),
            "{found:?}"
        );
        assert_eq!(ask(&two.namespace, host6(), 8080).unwrap(), seen);
        let rules = two.counts()[6];
        two.network.close().await.unwrap();
        assert_eq!((rules, two.counts()[6]), (4, 2), "the gate and the way to one node are gone");
    });
}

#[test]
fn tasks_without_ipv6_get_none_of_its_connections() {
    in_lab(|lab| async move {
        let one = Node::first(&lab).await;
        // A host that was started without IPv6, and a container of before its network had it.
        let two = Node::beside(&lab, 2);
        let three = Node::without_ipv6(&lab, 3);
        let tasks = [
            one.cell("old", vec![on(1, 5)]).await,
            two.cell("with", vec![on6(1, 6)]).await,
            three.cell("without", vec![on6(1, 7)]).await,
        ];
        tasks.iter().for_each(serve);
        follow6(1, &[&one, &two, &three], &[web(&tasks.each_ref())]).await;
        let asked = |address: IpAddr| -> BTreeSet<String> {
            (0..6).map(|_| ask(&lab.client, address, 8080).unwrap()).collect()
        };
        assert_eq!(asked(host6().into()), [format!("with {}", outside6(CLIENT))].into());
        assert_eq!(asked(HOST.into()).len(), 3);
        assert_eq!(three.network.audit(false).await.unwrap(), []);
    });
}

#[test]
fn what_a_task_refuses_is_told_across_hosts() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on6(1, 5)]).await;
        // Nobody serves in it: TCP is reset, UDP is answered by ICMP.
        let task = two.cell("task", vec![on6(1, 6)]).await;
        follow6(1, &[&one, &two], &[web(&[&task])]).await;
        assert!(refused(&asker.ask(VIP, 80)));
        assert!(refused(&ask_datagram(&asker.namespace, VIP, 53)));
        assert!(refused(&ask(&lab.client, host6(), 8080)));
        assert!(refused(&ask_datagram(&lab.client, host6(), 5353)));
        assert!(refused(&ask_datagram(&lab.host, Ipv6Addr::LOCALHOST, 5353)));
    });
}

#[test]
fn packets_that_are_too_big_for_the_tunnel_are_told_to_the_client() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let task = two.cell("task", vec![on6(1, 6)]).await;
        follow6(1, &[&one, &two], &[published(service("line", 100, &[&task]), 8081, 7)]).await;
        let long = "x".repeat(1 << 20);
        let mut line = crate::lab::Line::open(&lab.client, (host6(), 8081), (&task, 7));
        assert_eq!(line.send(&long).unwrap(), format!("task {long}\n"));
    });
}

#[test]
fn encrypted_networks_have_ipv6_by_the_sealed_link_alone() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on6(1, 5)]).await;
        let task = two.cell("task", vec![on6(1, 6)]).await;
        serve(&task);
        for node in [&one, &two] {
            let wanted = node.sealed_table(1, &[&one, &two], &[web(&[&task])]);
            node.network.apply(&with_ipv6(wanted)).await.unwrap();
        }
        connected(&[&one, &two]).await;
        let wire = Wire::tap(&lab);
        assert_eq!(asker.ask(VIP, 80).unwrap(), "task fd00:1::5");
        assert_eq!(ask_datagram(&asker.namespace, VIP, 53).unwrap(), "task fd00:1::5");
        assert_eq!(ask(&lab.client, host6(), 8080).unwrap(), seen_client());
        let frames = wire.end();
        assert_eq!((to_port(&frames, 4789), showing(&frames, "fd00:1::5")), (0, 0));
        assert!(to_port(&frames, 4790) > 0);
        // Led by the plain link all the same, it goes nowhere.
        inside(&one.namespace, || {
            let hop = Number::new(2).unwrap().hop_in(crate::family::Family::V6).to_string();
            let address = task.address6().to_string();
            let route = ["-6", "route", "replace", &address, "via", &hop, "dev", "skep-vx"];
            assert!(Command::new("ip").args(route).status().unwrap().success());
        });
        let wire = Wire::tap(&lab);
        assert!(asker.ask(VIP, 80).is_err());
        assert_eq!(to_port(&wire.end(), 4789), 0);
    });
}

#[test]
fn damage_is_named_and_brought_back() {
    in_lab(|lab| async move {
        let nodes: [Node; 2] = Node::several(&lab).await;
        let all = [&nodes[0], &nodes[1]];
        let cells = [nodes[0].cell("c5", vec![on6(1, 5)]).await, nodes[1].cell("c6", vec![on6(1, 6)]).await];
        cells.iter().for_each(serve);
        follow6(1, &all, &[web(&[&cells[0], &cells[1]])]).await;
        let [one, _] = &nodes;
        let found = async |repair: bool| one.network.audit(repair).await.unwrap();
        assert_eq!(found(false).await, [], "nobody has changed anything");
        // People look at it with the nft program.
        inside(&one.namespace, || {
            let listed = Command::new("nft").args(["list", "table", "ip6", "skep"]).output().unwrap();
            let text = String::from_utf8_lossy(&listed.stdout);
            assert!(listed.status.success() && text.contains("fd00:1::64"), "{text}");
        });
        for (damage, wanted) in [
            ("nft delete table ip6 skep", "the nft table skep is missing (IPv6)"),
            ("nft flush chain ip6 skep guard", "the rules of the nft chain guard were changed (IPv6)"),
            ("nft flush set ip6 skep vips", "the nft set vips lacks 1 of its elements (IPv6)"),
            (
                "nft add element ip6 skep egress { fd09::9 }",
                "the nft set egress has 1 strange elements (IPv6)",
            ),
            ("ip -6 route del fd00:1::5", "there is no route to fd00:1::5 of container c5"),
            ("ip -6 route del fd00:1::6", "missing: Route(fd00:1::6"),
            ("ip -6 rule del fwmark 0x6b73/0xffff", "missing: Gate(V6) of skep-vx"),
            ("ip -6 neigh flush dev skep-vx nud permanent", "missing: Neighbour(V6"),
            ("sysctl -qw net.ipv6.conf.all.forwarding=0", "the setting net/ipv6/conf/all/forwarding is 0"),
        ] {
            inside(&one.namespace, || {
                let words: Vec<_> = damage.split(' ').collect();
                assert!(Command::new(words[0]).args(&words[1..]).status().unwrap().success(), "{damage}");
            });
            let seen = found(true).await;
            let named = seen.iter().any(|one| one.what.starts_with(wanted));
            assert!(named && seen.iter().all(|one| one.repaired), "{damage}: {seen:?}");
            assert_eq!(found(true).await, [], "{damage}");
            let address = IpAddr::from(outside6(one.address));
            for _ in 0..2 {
                ask(&lab.client, address, 8080).unwrap_or_else(|error| panic!("after {damage}: {error}"));
            }
        }
    });
}

#[test]
fn another_daemon_goes_on_and_networks_may_get_ipv6_later() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let asker = one.cell("asker", vec![on6(1, 5)]).await;
        let task = two.cell("task", vec![on6(1, 6)]).await;
        serve(&task);
        let services = [web(&[&task])];
        one.follow(1, &[&one, &two], &services).await;
        two.follow(1, &[&one, &two], &services).await;
        assert!(asker.ask(VIP, 80).is_err());
        follow6(2, &[&one, &two], &services).await;
        assert_eq!(asker.ask(VIP, 80).unwrap(), "task fd00:1::5");
        let one = one.restart(&[&asker]).await;
        assert_eq!(asker.ask(VIP, 80).unwrap(), "task fd00:1::5", "before the first table");
        follow6(3, &[&one, &two], &services).await;
        assert_eq!(asker.ask(VIP, 80).unwrap(), "task fd00:1::5");
        assert_eq!(ask(&lab.client, host6(), 8080).unwrap(), seen_client());
        assert_eq!(one.network.audit(false).await.unwrap(), []);
        one.follow(4, &[&one, &two], &services).await;
        assert_eq!(one.observed().await.remote6, Vec::<Ipv6Addr>::new());
        assert_eq!(one.network.audit(false).await.unwrap(), []);
    });
}
