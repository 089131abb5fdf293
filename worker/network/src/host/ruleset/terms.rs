//! Parts that several rules are made of.

use std::net::Ipv6Addr;

use super::REFUSE;
use super::sets::SEALED;
use crate::family::Family;
use crate::host::links::LINK_GROUP;
use crate::host::tunnel::Kind;
use crate::nft::{Base, CtKey, Expression, Field, MetaKey, Register, Set, Verdict};

pub(super) const R0: Register = Register(0);
/// Behind a link's index in [`R0`].
pub(super) const R1: Register = Register(1);

/// The register behind an address in [`R0`].
pub(super) fn second(family: Family) -> Register {
    Register(Field::Address.length(family) / 4)
}

/// The first side of a connection, as connection tracking saw it; the other is the replies'.
pub(super) const ORIGINAL: u8 = 0;
pub(super) const REPLY: u8 = 1;

fn of_group(key: MetaKey, group: u32, equal: bool) -> [Expression; 2] {
    let value = group.to_ne_bytes().to_vec();
    [Expression::Meta { key, to: R0 }, Expression::Compare { from: R0, equal, value }]
}

/// The packet comes by (or, not `ours`, does not come by) a container's link; with `GroupOut`, it goes there.
pub(super) fn container(key: MetaKey, ours: bool) -> [Expression; 2] {
    of_group(key, LINK_GROUP, ours)
}

/// The same with the links to other nodes.
pub(super) fn tunnel(key: MetaKey, ours: bool) -> [Expression; 3] {
    let [meta, compare] = of_group(key, Kind::Plain.group(), ours);
    let mask = Kind::GROUP_MASK.to_ne_bytes().to_vec();
    [meta, Expression::Mask { register: R0, mask }, compare]
}

/// The packet comes, or with `GroupOut` goes, by this link to other nodes.
pub(super) fn link(key: MetaKey, kind: Kind) -> [Expression; 2] {
    of_group(key, kind.group(), true)
}

/// The packet's connection leads to an address on a network that is encrypted, or to one that is not on such a network. A
/// connection is of the network of the address that it leads to, with its replies and what is said about it.
pub(super) fn of_sealed(family: Family, sealed: bool) -> [Expression; 3] {
    [Expression::LeadsTo { to: R0 }, Expression::LeadsTo { to: second(family) }, member(&SEALED, !sealed)]
}

/// Neither a container's link nor the tunnel.
pub(super) fn outside(key: MetaKey) -> [Expression; 5] {
    let [first, second] = container(key, false);
    let [third, fourth, fifth] = tunnel(key, false);
    [first, second, third, fourth, fifth]
}

/// The packet's source address.
pub(in crate::host) fn source(family: Family, to: Register) -> Expression {
    let offset = if family == Family::V4 { 12 } else { 8 };
    Expression::Payload { base: Base::Network, offset, length: Field::Address.length(family), to }
}

/// The packet's destination address.
pub(in crate::host) fn destination(family: Family, to: Register) -> Expression {
    let offset = if family == Family::V4 { 16 } else { 24 };
    Expression::Payload { base: Base::Network, offset, length: Field::Address.length(family), to }
}

/// Source and destination, one behind the other.
pub(super) fn source_and_destination(family: Family) -> [Expression; 2] {
    [source(family, R0), destination(family, second(family))]
}

/// The destination twice, for a set of pairs of the same.
pub(super) fn destination_twice(family: Family) -> [Expression; 2] {
    [destination(family, R0), destination(family, second(family))]
}

pub(super) fn protocol(number: u8) -> [Expression; 2] {
    let layer4 = Expression::Meta { key: MetaKey::Layer4, to: R0 };
    [layer4, Expression::Compare { from: R0, equal: true, value: vec![number] }]
}

pub(super) fn member(set: &Set, inverted: bool) -> Expression {
    Expression::Member { set: set.name, from: R0, inverted }
}

pub(super) fn accept() -> Expression {
    Expression::End(Verdict::Accept)
}

pub(super) fn refuse() -> Expression {
    Expression::End(Verdict::Goto(REFUSE.into()))
}

pub(super) fn drop() -> Expression {
    Expression::End(Verdict::Drop)
}

/// The address, which was read to [`R0`], is one by which a host talks to itself: of 127.0.0.0/8, or ::1.
pub(super) fn loopback(family: Family, address: Expression) -> [Expression; 3] {
    let (mask, value) = match family {
        Family::V4 => (vec![255, 0, 0, 0], vec![127, 0, 0, 0]),
        Family::V6 => (vec![255; 16], Ipv6Addr::LOCALHOST.octets().to_vec()),
    };
    let mask = Expression::Mask { register: R0, mask };
    [address, mask, Expression::Compare { from: R0, equal: true, value }]
}

/// The packet is of this side of a tracked connection.
pub(super) fn direction(side: u8) -> [Expression; 2] {
    let direction = Expression::Ct { key: CtKey::Direction, to: R0 };
    [direction, Expression::Compare { from: R0, equal: true, value: vec![side] }]
}

/// `kind` (see [`Expression::DestinationKind`]) says that the address in question is one of this host.
pub(super) fn local(kind: Expression) -> [Expression; 2] {
    // RTN_LOCAL of linux/rtnetlink.h.
    [kind, Expression::Compare { from: R0, equal: true, value: 2_u32.to_ne_bytes().to_vec() }]
}

/// A reply on a connection that came in by the tunnel takes the mark that leads back through it: by the link of the network
/// that the connection is of. Marks that others put on connections stay theirs.
pub(super) fn follow_back(family: Family) -> [Vec<Expression>; 2] {
    let mark = || Expression::Ct { key: CtKey::Mark, to: R0 };
    let [first, second] = Kind::Plain.mark_prefix();
    let [third, fourth] = Kind::Sealed.mark_prefix();
    let ours = [
        mark(),
        Expression::Mask { register: R0, mask: vec![255, 255, 0, 0] },
        Expression::Compare { from: R0, equal: true, value: vec![first, second, 0, 0] },
    ];
    let flip = Expression::Flip { register: R0, bits: vec![first ^ third, second ^ fourth, 0, 0] };
    let take = || Expression::SetMeta { key: MetaKey::Mark, from: R0 };
    let plain = rule([&direction(REPLY), &ours, &[mark(), take()]]);
    let sealed = rule([&direction(REPLY), &ours, &of_sealed(family, true), &[mark(), flip, take()]]);
    [plain, sealed]
}

/// A rule of these parts.
pub(super) fn rule<const N: usize>(parts: [&[Expression]; N]) -> Vec<Expression> {
    parts.concat()
}
