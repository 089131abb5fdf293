//! The rules for what comes out of the tunnel and goes into it.
//!
//! A client keeps its address on the way to another node, so that the replies' own addresses would lead them anywhere but
//! back. The node that a connection came from is therefore remembered with it, as its mark; replies take it, and the
//! routing rule for it leads them back. There they meet the translation that was made there.

use skep_model::limits;

use super::sets::{BACK, HOPS, OWN, PEERS, SUBNETS};
use super::source_nat;
use super::terms::{
    ORIGINAL, R0, R1, REPLY, accept, container, destination, direction, drop, follow_back, local, member,
    protocol, refuse, rule, source, tunnel,
};
use crate::host::tunnel::{Device, VNI};
use crate::nft::{Base, Batch, CtKey, Expression, MetaKey};

pub(super) fn install(batch: &mut Batch, device: Option<&Device>) {
    // First: what it lets in is nobody else's.
    if let Some(device) = device {
        probes(batch, device);
    }
    arrive(batch);
    go_back(batch);
    if let Some(device) = device {
        envelopes(batch, device.port);
        leave(batch, device);
    }
}

/// Some last bytes of the hardware address that the frame came from.
fn from_mac(length: u32) -> Expression {
    Expression::Payload { base: Base::Link, offset: 12 - length, length, to: R0 }
}

fn arrive(batch: &mut Batch) {
    let from_tunnel = tunnel(MetaKey::GroupIn, true);
    // A client may use one port of its own for connections by two nodes, to the same task in the end. With a zone for
    // each node the second is not taken for the first: it gets another source port on its way to the task.
    let zone = [from_mac(2), Expression::SetOriginalZone { from: R0 }];
    batch.rule("apart", &rule([&from_tunnel, &zone]));
    let remember = [from_mac(4), Expression::SetCt { key: CtKey::Mark, from: R0 }];
    batch.rule("arrive", &rule([&from_tunnel, &direction(ORIGINAL), &remember]));
    batch.rule("arrive", &rule([&from_tunnel, &direction(REPLY), &[accept()]]));
    let to_container = [destination(R0), destination(R1), member(&OWN, false), accept()];
    batch.rule("arrive", &rule([&from_tunnel, &to_container]));
    batch.rule("arrive", &rule([&from_tunnel, &[destination(R0), member(&SUBNETS, false), refuse()]]));
    batch.rule("arrive", &rule([&from_tunnel, &[drop()]]));
}

/// Nodes probe the ways to each other, from their own addresses within the tunnel to the others'. Nobody else gets at the port:
/// what comes out of the tunnel with a peer's address was sent by a peer, see `strangers`.
fn probes(batch: &mut Batch, device: &Device) {
    let own = device.number.hop().octets().to_vec();
    let is_own = |address| [address, Expression::Compare { from: R0, equal: true, value: own.clone() }];
    let port = limits::PROBE_PORT.to_be_bytes();
    let ports = [
        Expression::Payload { base: Base::Transport, offset: 0, length: 4, to: R0 },
        Expression::Compare { from: R0, equal: true, value: [port, port].concat() },
    ];
    let ours = rule([&protocol(17), &ports]);
    let arriving = rule([&tunnel(MetaKey::GroupIn, true), &is_own(destination(R0)), &ours]);
    batch.rule("apart", &rule([&arriving, &[Expression::NoTrack]]));
    batch.rule("arrive", &rule([&arriving, &[source(R0), member(&HOPS, false), accept()]]));
    // Untracked they are not translated either: they arrive from the address within the tunnel.
    let leaving = rule([&tunnel(MetaKey::GroupOut, true), &is_own(source(R0)), &ours]);
    batch.rule("send", &rule([&leaving, &[Expression::NoTrack]]));
}

fn go_back(batch: &mut Batch) {
    batch.rule("arrive", &rule([&container(MetaKey::GroupIn, true), &follow_back()]));
    batch.rule("answer", &follow_back());
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
    let of_strangers = rule([&ours, &[source(R0), member(&PEERS, true), drop()]]);
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
fn leave(batch: &mut Batch, device: &Device) {
    let to_tunnel = tunnel(MetaKey::GroupOut, true);
    let shown = source_nat(device.address);
    let own = local(Expression::SourceKind { to: R0 });
    batch.rule("leave", &rule([&to_tunnel, &own, &shown]));
    let back = [source(R0), Expression::NextHop { to: R1 }, member(&BACK, false)];
    batch.rule("leave", &rule([&to_tunnel, &back, &shown]));
}
