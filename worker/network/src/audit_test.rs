//! What somebody changes behind our back is found, named and brought back.

use std::process::Command;

use skep_model::{EndpointService, EndpointTable, ServiceId};

use crate::lab::{CLIENT, Cell, Lab, Node, ask, in_lab, inside, on, published, service, table, web};
use crate::{Deviation, Network};

fn run(node: &Node, line: &str) {
    inside(&node.namespace, || {
        let words: Vec<&str> = line.split(' ').collect();
        let done = Command::new(words[0]).args(&words[1..]).output().unwrap();
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    });
}

/// The chain that chooses among the tasks of a virtual address.
fn chooser(node: &Node) -> String {
    inside(&node.namespace, || {
        let listed = Command::new("nft").args(["list", "chains", "ip"]).output().unwrap().stdout;
        let listed = String::from_utf8(listed).unwrap();
        listed.split_whitespace().find(|word| word.starts_with("vip-")).unwrap().to_owned()
    })
}

async fn found(network: &Network, repair: bool) -> Vec<Deviation> {
    network.audit(repair).await.unwrap()
}

/// Two nodes with a task of a service on each.
async fn pair(lab: &Lab) -> ([Node; 2], Vec<Cell>) {
    let nodes: [Node; 2] = Node::several(lab).await;
    let mut cells = Vec::new();
    for (node, part) in nodes.iter().zip(5..) {
        let cell = node.cell(&format!("c{part}"), vec![on(1, part)]).await;
        cell.serve(80);
        cells.push(cell);
    }
    let all = [&nodes[0], &nodes[1]];
    for node in &nodes {
        node.follow(1, &all, &[web(&cells.iter().collect::<Vec<_>>())]).await;
    }
    (nodes, cells)
}

#[test]
fn damage_is_named_and_brought_back() {
    in_lab(|lab| async move {
        let (nodes, _cells) = pair(&lab).await;
        let [one, _] = &nodes;
        let link = one.observed().await.links[0].clone();
        let chooser = chooser(one);
        let flush = format!("nft flush chain ip skep {chooser}");
        let changed = format!("the rules of the nft chain {chooser} were changed");
        let damages = [
            ("nft flush ruleset", "the nft table skep is missing"),
            ("nft flush chain ip skep guard", "the rules of the nft chain guard were changed"),
            ("nft insert rule ip skep isolate drop", "the rules of the nft chain isolate were changed"),
            (flush.as_str(), changed.as_str()),
            ("nft add chain ip skep strange", "there is a strange nft chain strange"),
            ("nft flush set ip skep vips", "the nft set vips lacks 1 of its elements"),
            ("nft flush map ip skep vip-targets", "the nft set vip-targets lacks 2 of its elements"),
            ("nft add element ip skep egress { 10.9.9.9 }", "the nft set egress has 1 strange elements"),
            ("nft flush set ip skep subnets", "the nft set subnets lacks"),
            ("nft add table ip skep { flags dormant ; }", "the nft table is switched off (dormant)"),
            ("ip route del 10.0.1.5", "there is no route to 10.0.1.5 of container c5"),
            ("ip route del 10.0.1.6", "missing: Route(10.0.1.6"),
            ("ip link set skep-vx down", "the link skep-vx to other nodes is gone, down or changed"),
            ("ip link del skep-vx", "the link skep-vx to other nodes is gone, down or changed"),
            ("ip neigh flush dev skep-vx nud permanent", "missing: Neighbour("),
            ("ip rule del priority 115", "missing: Gate(V4) of skep-vx"),
            ("sysctl -qw net.ipv4.ip_forward=0", "the setting net/ipv4/ip_forward is 0"),
        ];
        assert_eq!(found(&one.network, false).await, [], "nobody has changed anything");
        // People look at it with the nft program.
        run(one, "nft list ruleset");
        for (damage, wanted) in damages {
            run(one, damage);
            let seen = found(&one.network, false).await;
            let named = |deviations: &[Deviation]| deviations.iter().any(|one| one.what.starts_with(wanted));
            assert!(named(&seen) && seen.iter().all(|one| !one.repaired), "{damage}: {seen:?}");
            let repaired = found(&one.network, true).await;
            assert!(named(&repaired) && repaired.iter().all(|one| one.repaired), "{damage}: {repaired:?}");
            assert_eq!(found(&one.network, true).await, [], "{damage}");
            for _ in 0..2 {
                ask(&lab.client, one.address, 8080).unwrap_or_else(|error| panic!("after {damage}: {error}"));
            }
        }
        run(one, &format!("ip link set {link} down"));
        assert!(found(&one.network, true).await.iter().all(|one| one.repaired));
        let answers: Vec<_> = (0..2).map(|_| ask(&lab.client, one.address, 8080).unwrap()).collect();
        assert!(
            answers.contains(&format!("c5 {CLIENT}")) && answers.contains(&format!("c6 {CLIENT}")),
            "{answers:?}"
        );
    });
}

#[test]
fn settings_are_brought_back_before_there_is_a_table() {
    in_lab(|lab| async move {
        let node = Node::first(&lab).await;
        run(&node, "sysctl -qw net.ipv4.ip_forward=0");
        assert!(found(&node.network, true).await.iter().any(|one| one.repaired));
        assert_eq!(found(&node.network, false).await, []);
    });
}

#[test]
fn what_cannot_be_brought_back_is_said() {
    in_lab(|lab| async move {
        let network = lab.open().await;
        let cell = Cell::attached(&network, "a", vec![on(1, 5)]).await;
        network.apply(&table(1, vec![service("web", 100, &[&cell])])).await.unwrap();
        let link = network.observed().await.unwrap().links[0].clone();
        inside(&lab.host, || {
            assert!(Command::new("ip").args(["link", "del", &link]).status().unwrap().success());
        });
        let seen = found(&network, true).await;
        let gone = format!("the link {link} of container a is down or gone");
        assert!(seen.contains(&Deviation { what: gone, repaired: false }), "{seen:?}");
        network.detach("a").await.unwrap();
        assert_eq!(found(&network, false).await, []);
    });
}

/// A service that depends on the numbers, of those that the lab makes.
fn some(number: usize, cells: &[Cell]) -> EndpointService {
    let vip = 100 + (number % 7) as u8;
    let few: Vec<&Cell> = cells.iter().skip(number % 3).take(number % 4).collect();
    let one = service(&format!("s{vip}"), vip, &few);
    if number.is_multiple_of(2) {
        published(one, 8000 + u16::from(vip) + (number % 5) as u16 / 4, 80)
    } else {
        one
    }
}

#[test]
fn whatever_tables_came_the_kernel_has_what_the_last_one_wants() {
    in_lab(|lab| async move {
        let nodes: [Node; 2] = Node::several(&lab).await;
        let [one, two] = &nodes;
        let all = [one, two];
        let mut cells = Vec::new();
        for part in 5..8 {
            let node = all[part % 2];
            cells.push(node.cell(&format!("c{part}"), vec![on(1, part as u8), on(2, part as u8)]).await);
        }
        one.follow(1, &all, &[]).await;
        let mut numbers = 7_usize;
        for version in 2..60 {
            numbers = numbers.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = numbers >> 33;
            let gone = ServiceId::new(100 + (number % 5) as u128);
            let whole = one.table(version, &all, vec![some(number, &cells)]);
            let partial = EndpointTable {
                partial: !number.is_multiple_of(9),
                services_gone: if number.is_multiple_of(3) { vec![gone] } else { Vec::new() },
                networks: if number.is_multiple_of(8) { whole.networks.clone() } else { Vec::new() },
                peers: Vec::new(),
                ..whole.clone()
            };
            one.network.apply(if partial.partial { &partial } else { &whole }).await.unwrap();
            assert_eq!(found(&one.network, false).await, [], "version {version}");
        }
    });
}
