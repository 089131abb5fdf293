//! The constant part of the nft table: base chains, their rules, and the sets that they look into.
//!
//! | chain       | hook, priority   | what it does                                                                  |
//! |-------------|------------------|-------------------------------------------------------------------------------|
//! | `spoof`     | prerouting -300  | a container's packets carry its own addresses, and never go to 127.0.0.0/8, ::1 |
//! | `apart`     | prerouting -300  | connections by other nodes are told apart; the packets around are not tracked |
//! | `arrive`    | prerouting -150  | out of the tunnel packets go to containers, nodes' probes to us; who sent them is remembered |
//! | `isolate`   | prerouting -150  | a container reaches its networks, and the outside if it may                   |
//! | `translate` | prerouting -100  | VIPs (from containers) and published ports to tasks                           |
//! | `strangers` | input -150       | the packets around the tunnel's come from other nodes of the swarm            |
//! | `guard`     | forward 0        | nobody outside reaches a container but by a published port                    |
//! | `send`      | output -300      | the packets around the tunnel's are not tracked                               |
//! | `answer`    | output -150      | our refusals go back through the tunnel, where what is refused came from      |
//! | `local`     | output -100      | VIPs and published ports for the host itself                                  |
//! | `gone`      | output 0         | addresses of ended tasks are refused, not sent to the default route           |
//! | `unmark`    | postrouting -150 | into the tunnel packets go without a mark, or those around them would follow it; none goes by the wrong link |
//! | `leave`     | postrouting 100  | other sources: hairpin, the host itself, the outside                          |
//!
//! There is a table of these for IPv4 and one for IPv6. The packets around the tunnel's, and nodes' probes, are of IPv4 alone.
//!
//! Isolation looks at the destination before translation: a VIP and its backends are on the same network by
//! construction, and a published port may be used by everybody who reaches the host. It is the sending node that
//! isolates; what other nodes send through the tunnel has passed theirs.

mod sets;
mod terms;
mod tunnel;

use std::net::IpAddr;

pub(crate) use sets::{
    BACK, EGRESS, HOPS, OWN, PUBLISHED, PUBLISHED_AT, PUBLISHED_AT_TARGETS, PUBLISHED_AT_TURNS,
    PUBLISHED_TARGETS, PUBLISHED_TURNS, SAME, SEALED, SETS, SOURCES, SUBNETS, VIP_TARGETS, VIP_TURNS, VIPS,
    peer_elements, peer_of_hop, peer_of_pair, range_elements, range_of_element,
};
use terms::{
    ORIGINAL, R0, R1, accept, container, direction, drop, local, loopback, member, outside, protocol, refuse,
    rule, source_and_destination,
};
pub(in crate::host) use terms::{destination, source};

use super::services::Kind;
use super::tunnel::End;
use crate::family::{Family, octets};
use crate::nft::{Base, Batch, CtKey, Expression, Hook, MetaKey, Table};

/// The table of a family. Both are made by the same rules; of what is said of one family alone, the other has none.
pub(crate) fn table(family: Family) -> Table {
    Table { family, name: "skep" }
}

/// The chain that refuses: reset for TCP, port unreachable for the rest.
pub(crate) const REFUSE: &str = "refuse";

const HOOKS: [(&str, Hook); 13] = [
    ("spoof", Hook { kind: "filter", number: 0, priority: -300 }),
    ("apart", Hook { kind: "filter", number: 0, priority: -300 }),
    ("arrive", Hook { kind: "filter", number: 0, priority: -150 }),
    ("isolate", Hook { kind: "filter", number: 0, priority: -150 }),
    ("translate", Hook { kind: "nat", number: 0, priority: -100 }),
    ("strangers", Hook { kind: "filter", number: 1, priority: -150 }),
    ("guard", Hook { kind: "filter", number: 2, priority: 0 }),
    ("send", Hook { kind: "filter", number: 3, priority: -300 }),
    ("answer", Hook { kind: "route", number: 3, priority: -150 }),
    ("local", Hook { kind: "nat", number: 3, priority: -100 }),
    ("gone", Hook { kind: "filter", number: 3, priority: 0 }),
    ("unmark", Hook { kind: "filter", number: 4, priority: -150 }),
    ("leave", Hook { kind: "nat", number: 4, priority: 100 }),
];

/// Makes the table, or brings an older one up to date: what is in the sets stays, and what chooses among tasks. `own` is the
/// host's address, which containers see when the host itself is the client; those on other nodes see that of its `end` of the tunnel.
pub(crate) fn install(batch: &mut Batch, own: Option<IpAddr>, end: Option<&End>) {
    batch.table();
    for set in sets::SETS {
        batch.set(set);
    }
    batch.chain(REFUSE, None);
    batch.flush_chain(REFUSE);
    for (name, hook) in HOOKS {
        batch.chain(name, Some(hook));
        batch.flush_chain(name);
    }
    batch.rule(REFUSE, &rule([&protocol(6), &[Expression::RejectReset]]));
    batch.rule(REFUSE, &[Expression::RejectPort]);
    spoof(batch);
    isolate(batch);
    translate(batch);
    guard(batch);
    leave(batch, own);
    tunnel::install(batch, end);
}

fn spoof(batch: &mut Batch) {
    let family = batch.family();
    let from_us = container(MetaKey::GroupIn, true);
    let index = Expression::Meta { key: MetaKey::InterfaceIn, to: R0 };
    batch.rule("spoof", &rule([&from_us, &[index, source(family, R1), member(&SOURCES, true), drop()]]));
    batch.rule("spoof", &rule([&from_us, &loopback(family, destination(family, R0)), &[drop()]]));
}

fn isolate(batch: &mut Batch) {
    let family = batch.family();
    batch.rule("isolate", &rule([&container(MetaKey::GroupIn, false), &[accept()]]));
    // Established or related.
    batch.rule(
        "isolate",
        &[
            Expression::Ct { key: CtKey::State, to: R0 },
            Expression::Mask { register: R0, mask: 6_u32.to_ne_bytes().to_vec() },
            Expression::Compare { from: R0, equal: false, value: vec![0; 4] },
            accept(),
        ],
    );
    if family == Family::V6 {
        discovery(batch);
    }
    batch.rule("isolate", &rule([&source_and_destination(family), &[member(&SAME, false), accept()]]));
    batch.rule("isolate", &[destination(family, R0), member(&SUBNETS, false), refuse()]);
    batch.rule("isolate", &[source(family, R0), member(&EGRESS, false), accept()]);
    batch.rule("isolate", &[refuse()]);
}

/// Containers may ask who has the gateway's address, which they know, but people may make them forget it. What is sent to link-local
/// and multicast addresses gets no further than to the host.
fn discovery(batch: &mut Batch) {
    // Neighbour solicitations and advertisements (RFC 4861), to fe80::/10 or ff00::/8.
    for kind in [135, 136] {
        for (mask, value) in [([0xff, 0xc0], [0xfe, 0x80]), ([0xff, 0], [0xff, 0])] {
            let asks = [
                Expression::Payload { base: Base::Transport, offset: 0, length: 1, to: R0 },
                Expression::Compare { from: R0, equal: true, value: vec![kind] },
                Expression::Payload { base: Base::Network, offset: 24, length: 2, to: R0 },
                Expression::Mask { register: R0, mask: mask.to_vec() },
                Expression::Compare { from: R0, equal: true, value: value.to_vec() },
                accept(),
            ];
            batch.rule("isolate", &rule([&protocol(58), &asks]));
        }
    }
}

fn translate(batch: &mut Batch) {
    let family = batch.family();
    let here = local(Expression::DestinationKind { to: R0 });
    let to_vip = Kind::Vip.find_turn(family);
    let to_ports = [Kind::PortAt, Kind::Port].map(|kind| rule([&here, &kind.find_turn(family)]));
    // Twice: who looks for an element at the moment in which another takes its place may find neither (seen: a refused connection
    // in some thousand), but finds the other when looking again.
    for _ in 0..2 {
        batch.rule("translate", &rule([&container(MetaKey::GroupIn, true), &to_vip]));
        batch.rule("local", &to_vip);
        for to_port in &to_ports {
            batch.rule("translate", to_port);
            batch.rule("local", to_port);
        }
    }
}

fn guard(batch: &mut Batch) {
    let family = batch.family();
    let of_network = [destination(family, R0), member(&SUBNETS, false)];
    batch.rule("guard", &rule([&outside(MetaKey::GroupOut), &of_network, &[refuse()]]));
    // In the output hook the link is that of before translation, the route that of after it: to a container, or to
    // another node.
    let hop = Expression::NextHop { to: R0 };
    let nowhere = [hop, member(&SUBNETS, true), member(&HOPS, true), refuse()];
    batch.rule("gone", &rule([&of_network, &nowhere]));
    let untranslated = [
        Expression::Ct { key: CtKey::Status, to: R0 },
        // IPS_DST_NAT.
        Expression::Mask { register: R0, mask: 0x20_u32.to_ne_bytes().to_vec() },
        Expression::Compare { from: R0, equal: true, value: vec![0; 4] },
    ];
    let links =
        [container(MetaKey::GroupOut, true).to_vec(), terms::tunnel(MetaKey::GroupOut, true).to_vec()];
    for to_task in links {
        let parts =
            [&outside(MetaKey::GroupIn)[..], &to_task, &direction(ORIGINAL), &untranslated, &[drop()]];
        batch.rule("guard", &rule(parts));
    }
}

fn leave(batch: &mut Batch, own: Option<IpAddr>) {
    let family = batch.family();
    let to_us = container(MetaKey::GroupOut, true);
    // A task that is led back to itself is seen with the address that it asked: it answers that from the one it was asked at, also
    // by a UDP socket that is bound to none.
    let to_itself = [member(&OWN, false), Expression::AskedFor { to: R0 }, Expression::Snat { address: R0 }];
    batch.rule("leave", &rule([&to_us, &source_and_destination(family), &to_itself]));
    // 127.0.0.1 means another host inside a container. Masquerading would show the gateway's address as the client.
    let shown = own.map_or_else(|| vec![Expression::Masquerade], |own| source_nat(own).to_vec());
    batch.rule("leave", &rule([&to_us, &loopback(family, source(family, R0)), &shown]));
    let may = [source(family, R0), member(&EGRESS, false)];
    let away = [destination(family, R0), member(&SUBNETS, true), Expression::Masquerade];
    batch.rule("leave", &rule([&outside(MetaKey::GroupOut), &may, &away]));
}

fn source_nat(address: IpAddr) -> [Expression; 2] {
    [Expression::Immediate { to: R0, value: octets(address) }, Expression::Snat { address: R0 }]
}
