//! The rules for what comes out of the tunnel and goes into it.
//!
//! A client keeps its address on the way to another node, so that the replies' own addresses would lead them anywhere but
//! back. The node that a connection came from is therefore remembered with it, as its mark; replies take it, and the
//! routing rule for it leads them back. There they meet the translation that was made there.
//!
//! Connections to addresses of encrypted networks go by the sealed link, all others by the plain one. Routes see to that; what
//! comes or goes by the wrong one all the same is dropped.

use skep_model::limits;

use super::sets::{BACK, HOPS, OWN, PEERS, SEALED, SUBNETS};
use super::source_nat;
use super::terms::{
    ORIGINAL, R0, REPLY, accept, container, destination, destination_twice, direction, drop, follow_back,
    link, local, member, of_sealed, protocol, refuse, rule, second, source, tunnel,
};
use crate::family::Family;
use crate::host::tunnel::{End, Kind, VNI};
use crate::nft::{Base, Batch, CtKey, Expression, MetaKey};

pub(super) fn install(batch: &mut Batch, end: Option<&End>) {
    let family = batch.family();
    if family == Family::V4 {
        // First: what it lets in is nobody else's.
        probes(batch);
    }
    arrive(batch);
    go_back(batch);
    if let Some(end) = end {
        if family == Family::V4 {
            envelopes(batch, end.outer.port);
        }
        leave(batch, end);
    }
}

/// Each link, and whether what is of encrypted networks does not belong there, or what is not.
const STRANGE: [(Kind, bool); 2] = [(Kind::Plain, true), (Kind::Sealed, false)];

/// Some last bytes of the hardware address that the frame came from.
fn from_mac(length: u32) -> Expression {
    Expression::Payload { base: Base::Link, offset: 12 - length, length, to: R0 }
}

fn arrive(batch: &mut Batch) {
    let family = batch.family();
    let from_tunnel = tunnel(MetaKey::GroupIn, true);
    // A client may use one port of its own for connections by two nodes, to the same task in the end. With a zone for
    // each node the second is not taken for the first: it gets another source port on its way to the task.
    let zone = [from_mac(2), Expression::SetOriginalZone { from: R0 }];
    batch.rule("apart", &rule([&from_tunnel, &zone]));
    for (kind, strange) in STRANGE {
        batch.rule("arrive", &rule([&link(MetaKey::GroupIn, kind), &of_sealed(family, strange), &[drop()]]));
    }
    let remember = [from_mac(4), Expression::SetCt { key: CtKey::Mark, from: R0 }];
    batch.rule("arrive", &rule([&from_tunnel, &direction(ORIGINAL), &remember]));
    batch.rule("arrive", &rule([&from_tunnel, &direction(REPLY), &[accept()]]));
    // What belongs to no connection is told by where it goes.
    for (kind, strange) in STRANGE {
        let there = [member(&SEALED, !strange), drop()];
        let arriving = link(MetaKey::GroupIn, kind);
        batch.rule("arrive", &rule([&arriving, &destination_twice(family), &there]));
    }
    let to_container = [member(&OWN, false), accept()];
    batch.rule("arrive", &rule([&from_tunnel, &destination_twice(family), &to_container]));
    let to_others = [destination(family, R0), member(&SUBNETS, false), refuse()];
    batch.rule("arrive", &rule([&from_tunnel, &to_others]));
    batch.rule("arrive", &rule([&from_tunnel, &[drop()]]));
}

/// Nodes probe the ways to each other, from their own addresses within the plain link to the others'. Nobody else gets at the
/// port: what comes by the link with a peer's address was sent by a peer, see `strangers`.
fn probes(batch: &mut Batch) {
    let port = limits::PROBE_PORT.to_be_bytes();
    let ports = [
        Expression::Payload { base: Base::Transport, offset: 0, length: 4, to: R0 },
        Expression::Compare { from: R0, equal: true, value: [port, port].concat() },
    ];
    let ours = rule([&protocol(17), &ports]);
    let here = local(Expression::DestinationKind { to: R0 });
    let from_peer = [source(Family::V4, R0), member(&HOPS, false)];
    let arriving = rule([&link(MetaKey::GroupIn, Kind::Plain), &ours, &from_peer, &here]);
    batch.rule("apart", &rule([&arriving, &[Expression::NoTrack]]));
    batch.rule("arrive", &rule([&arriving, &[accept()]]));
    // Untracked they are not translated either: they arrive from the address within the tunnel.
    let to_peer = [destination(Family::V4, R0), member(&HOPS, false), Expression::NoTrack];
    batch.rule("send", &rule([&link(MetaKey::GroupOut, Kind::Plain), &ours, &to_peer]));
}

fn go_back(batch: &mut Batch) {
    let family = batch.family();
    for follow in follow_back(family) {
        batch.rule("arrive", &rule([&container(MetaKey::GroupIn, true), &follow]));
        batch.rule("answer", &follow);
    }
    for (kind, strange) in STRANGE {
        batch.rule("unmark", &rule([&link(MetaKey::GroupOut, kind), &of_sealed(family, strange), &[drop()]]));
    }
    let none = Expression::Immediate { to: R0, value: vec![0; 4] };
    let zero = [none, Expression::SetMeta { key: MetaKey::Mark, from: R0 }];
    batch.rule("unmark", &rule([&tunnel(MetaKey::GroupOut, true), &zero]));
}

/// The packets around those in the tunnel. Other programs' tunnels may use the same port, with other identifiers.
fn envelopes(batch: &mut Batch, port: u16) {
    let [_, vni @ ..] = VNI.to_be_bytes();
    let ours = [
        Expression::Payload { base: Base::Transport, offset: 2, length: 2, to: R0 },
        Expression::Compare { from: R0, equal: true, value: port.to_be_bytes().to_vec() },
        // Behind the UDP header's 8 bytes, the fifth to seventh of VXLAN's.
        Expression::Payload { base: Base::Transport, offset: 12, length: 3, to: R0 },
        Expression::Compare { from: R0, equal: true, value: vni.to_vec() },
    ];
    let ours = rule([&protocol(17), &ours]);
    let of_strangers = rule([&ours, &[source(Family::V4, R0), member(&PEERS, true), drop()]]);
    batch.rule("strangers", &of_strangers);
    // Containers reach other nodes' addresses with this host's as the source: they shall not speak for it.
    batch.rule("guard", &of_strangers);
    // They have a source port for each connection within, and no replies: tracked, they would fill the host's table.
    let here = local(Expression::DestinationKind { to: R0 });
    batch.rule("apart", &rule([&ours, &here, &[Expression::NoTrack]]));
    batch.rule("send", &rule([&ours, &[Expression::NoTrack]]));
}

/// The host itself is seen with the address that other nodes know; any other may be one of theirs, too. A node that uses
/// our port and is led back to a task of its own would not take packets from itself: it sees us.
fn leave(batch: &mut Batch, end: &End) {
    let family = batch.family();
    let to_tunnel = tunnel(MetaKey::GroupOut, true);
    let shown = source_nat(end.shown(family));
    let own = local(Expression::SourceKind { to: R0 });
    batch.rule("leave", &rule([&to_tunnel, &own, &shown]));
    let back = [source(family, R0), Expression::NextHop { to: second(family) }, member(&BACK, false)];
    batch.rule("leave", &rule([&to_tunnel, &back, &shown]));
}
