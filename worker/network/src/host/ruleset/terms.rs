//! Parts that several rules are made of.

use super::REFUSE;
use crate::host::links::LINK_GROUP;
use crate::host::tunnel::{MARK_PREFIX, TUNNEL_GROUP};
use crate::nft::{Base, CtKey, Expression, MetaKey, Register, Set, Verdict};

pub(super) const R0: Register = Register(0);
pub(super) const R1: Register = Register(1);
pub(super) const R2: Register = Register(2);

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

/// The same with the tunnel.
pub(super) fn tunnel(key: MetaKey, ours: bool) -> [Expression; 2] {
    of_group(key, TUNNEL_GROUP, ours)
}

/// Neither a container's link nor the tunnel.
pub(super) fn outside(key: MetaKey) -> [Expression; 4] {
    let [first, second] = container(key, false);
    let [third, fourth] = tunnel(key, false);
    [first, second, third, fourth]
}

pub(super) fn source(to: Register) -> Expression {
    Expression::Payload { base: Base::Network, offset: 12, length: 4, to }
}

pub(super) fn destination(to: Register) -> Expression {
    Expression::Payload { base: Base::Network, offset: 16, length: 4, to }
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

pub(super) fn loopback(address: Expression) -> [Expression; 3] {
    let mask = Expression::Mask { register: R0, mask: vec![255, 0, 0, 0] };
    [address, mask, Expression::Compare { from: R0, equal: true, value: vec![127, 0, 0, 0] }]
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

/// A reply on a connection that came in by the tunnel takes the mark that leads back through it. Marks that others put
/// on connections stay theirs.
pub(super) fn follow_back() -> Vec<Expression> {
    let mark = || Expression::Ct { key: CtKey::Mark, to: R0 };
    let [first, second] = MARK_PREFIX;
    let mut rule = direction(REPLY).to_vec();
    rule.extend([
        mark(),
        Expression::Mask { register: R0, mask: vec![255, 255, 0, 0] },
        Expression::Compare { from: R0, equal: true, value: vec![first, second, 0, 0] },
        mark(),
        Expression::SetMeta { key: MetaKey::Mark, from: R0 },
    ]);
    rule
}

/// A rule of these parts.
pub(super) fn rule<const N: usize>(parts: [&[Expression]; N]) -> Vec<Expression> {
    parts.concat()
}
