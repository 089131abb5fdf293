//! The constant part of the nft table: base chains, their rules, and the sets that they look into.
//!
//! | chain       | hook, priority   | what it does                                                               |
//! |-------------|------------------|----------------------------------------------------------------------------|
//! | `spoof`     | prerouting -300  | a container's packets carry its own addresses, and never go to 127.0.0.0/8 |
//! | `isolate`   | prerouting -150  | a container reaches its networks, and the outside if it may                |
//! | `translate` | prerouting -100  | VIPs (from containers) and published ports to tasks                        |
//! | `local`     | output -100      | the same for the host itself                                               |
//! | `guard`     | forward 0        | nobody outside reaches a container but by a published port                 |
//! | `gone`      | output 0         | addresses of ended tasks are refused, not sent to the default route        |
//! | `leave`     | postrouting 100  | other sources: hairpin, localhost, the outside                             |
//!
//! Isolation looks at the destination before translation: a VIP and its backends are on the same network by
//! construction, and a published port may be used by everybody who reaches the host.

use std::net::Ipv4Addr;

use skep_model::Subnet;

use crate::nft::{Base, Batch, CtKey, Element, Expression, Hook, MetaKey, Register, Set, Value, Verdict};

use super::links::LINK_GROUP;

/// The name of the table, family ip.
pub(crate) const TABLE: &str = "skep";
/// The chain that refuses: reset for TCP, port unreachable for the rest.
pub(crate) const REFUSE: &str = "refuse";

const IPV4: u32 = 7;
const PORT: u32 = 13;
const PROTOCOL: u32 = 12;
const INDEX: u32 = 20;

/// (link of a container . its address).
pub(crate) const SOURCES: Set = Set {
    name: "sources",
    key_type: (INDEX << 6) | IPV4,
    fields: &[4, 4],
    ranges: false,
    value: Value::None,
};
/// (address . the same address) of each container.
pub(crate) const OWN: Set =
    Set { name: "own", key_type: (IPV4 << 6) | IPV4, fields: &[4, 4], ranges: false, value: Value::None };
/// The addresses that may reach outside.
pub(crate) const EGRESS: Set =
    Set { name: "egress", key_type: IPV4, fields: &[4], ranges: false, value: Value::None };
/// (subnet . the same subnet) of each network.
pub(crate) const SAME: Set =
    Set { name: "same", key_type: (IPV4 << 6) | IPV4, fields: &[4, 4], ranges: true, value: Value::None };
/// The subnets of all networks.
pub(crate) const SUBNETS: Set =
    Set { name: "subnets", key_type: IPV4, fields: &[4], ranges: true, value: Value::None };
/// VIP to service chain.
pub(crate) const VIPS: Set =
    Set { name: "vips", key_type: IPV4, fields: &[4], ranges: false, value: Value::Verdict };
/// (protocol . port) to service chain.
pub(crate) const PUBLISHED: Set = Set {
    name: "published",
    key_type: (PROTOCOL << 6) | PORT,
    fields: &[4, 4],
    ranges: false,
    value: Value::Verdict,
};
const SETS: [&Set; 7] = [&SOURCES, &OWN, &EGRESS, &SAME, &SUBNETS, &VIPS, &PUBLISHED];

const R0: Register = Register(0);
const R1: Register = Register(1);

const HOOKS: [(&str, Hook); 7] = [
    ("spoof", Hook { kind: "filter", number: 0, priority: -300 }),
    ("isolate", Hook { kind: "filter", number: 0, priority: -150 }),
    ("translate", Hook { kind: "nat", number: 0, priority: -100 }),
    ("local", Hook { kind: "nat", number: 3, priority: -100 }),
    ("guard", Hook { kind: "filter", number: 2, priority: 0 }),
    ("gone", Hook { kind: "filter", number: 3, priority: 0 }),
    ("leave", Hook { kind: "nat", number: 4, priority: 100 }),
];

fn group(key: MetaKey, ours: bool) -> [Expression; 2] {
    let value = LINK_GROUP.to_ne_bytes().to_vec();
    [Expression::Meta { key, to: R0 }, Expression::Compare { from: R0, equal: ours, value }]
}

fn source(to: Register) -> Expression {
    Expression::Payload { base: Base::Network, offset: 12, length: 4, to }
}

fn destination(to: Register) -> Expression {
    Expression::Payload { base: Base::Network, offset: 16, length: 4, to }
}

fn member(set: &Set, inverted: bool) -> Expression {
    Expression::Member { set: set.name, from: R0, inverted }
}

fn refuse() -> Expression {
    Expression::End(Verdict::Goto(REFUSE.into()))
}

fn loopback(address: Expression) -> [Expression; 3] {
    let mask = Expression::Mask { register: R0, mask: vec![255, 0, 0, 0] };
    [address, mask, Expression::Compare { from: R0, equal: true, value: vec![127, 0, 0, 0] }]
}

/// Makes the table, or brings an older one up to date: what is in the sets and the service chains stays. `own` is the
/// host's address, which containers see when the host itself is the client.
pub(crate) fn install(batch: &mut Batch, own: Option<Ipv4Addr>) {
    batch.table();
    for set in SETS {
        batch.set(set);
    }
    batch.chain(REFUSE, None);
    batch.flush_chain(REFUSE);
    for (name, hook) in HOOKS {
        batch.chain(name, Some(hook));
        batch.flush_chain(name);
    }
    let tcp = Expression::Compare { from: R0, equal: true, value: vec![6] };
    let layer4 = Expression::Meta { key: MetaKey::Layer4, to: R0 };
    batch.rule(REFUSE, &[layer4, tcp, Expression::RejectReset]);
    batch.rule(REFUSE, &[Expression::RejectIcmp(3)]);
    spoof(batch);
    isolate(batch);
    translate(batch);
    guard(batch);
    leave(batch, own);
}

fn spoof(batch: &mut Batch) {
    let from_us = group(MetaKey::GroupIn, true);
    let index = Expression::Meta { key: MetaKey::InterfaceIn, to: R0 };
    let [first, second] = from_us.clone();
    batch.rule(
        "spoof",
        &[first, second, index, source(R1), member(&SOURCES, true), Expression::End(Verdict::Drop)],
    );
    let mut rule = from_us.to_vec();
    rule.extend(loopback(destination(R0)));
    rule.push(Expression::End(Verdict::Drop));
    batch.rule("spoof", &rule);
}

fn isolate(batch: &mut Batch) {
    let accept = Expression::End(Verdict::Accept);
    let mut rule = group(MetaKey::GroupIn, false).to_vec();
    rule.push(accept.clone());
    batch.rule("isolate", &rule);
    // Established or related.
    batch.rule(
        "isolate",
        &[
            Expression::Ct { key: CtKey::State, to: R0 },
            Expression::Mask { register: R0, mask: 6_u32.to_ne_bytes().to_vec() },
            Expression::Compare { from: R0, equal: false, value: vec![0; 4] },
            accept.clone(),
        ],
    );
    batch.rule("isolate", &[source(R0), destination(R1), member(&SAME, false), accept.clone()]);
    batch.rule("isolate", &[destination(R0), member(&SUBNETS, false), refuse()]);
    batch.rule("isolate", &[source(R0), member(&EGRESS, false), accept]);
    batch.rule("isolate", &[refuse()]);
}

fn translate(batch: &mut Batch) {
    let to_vip = [destination(R0), Expression::VerdictMap { set: VIPS.name, from: R0 }];
    let mut from_us = group(MetaKey::GroupIn, true).to_vec();
    from_us.extend(to_vip.clone());
    batch.rule("translate", &from_us);
    batch.rule("local", &to_vip);
    let to_port = [
        Expression::DestinationKind { to: R0 },
        // RTN_LOCAL.
        Expression::Compare { from: R0, equal: true, value: 2_u32.to_ne_bytes().to_vec() },
        Expression::Meta { key: MetaKey::Layer4, to: R0 },
        Expression::Payload { base: Base::Transport, offset: 2, length: 2, to: R1 },
        Expression::VerdictMap { set: PUBLISHED.name, from: R0 },
    ];
    batch.rule("translate", &to_port);
    batch.rule("local", &to_port);
}

fn guard(batch: &mut Batch) {
    let mut rule = group(MetaKey::GroupOut, false).to_vec();
    rule.extend([destination(R0), member(&SUBNETS, false), refuse()]);
    batch.rule("guard", &rule);
    // In the output hook the link is that of before translation, the route that of after it.
    let next_hop = Expression::NextHop { to: R0 };
    batch.rule(
        "gone",
        &[destination(R0), member(&SUBNETS, false), next_hop, member(&SUBNETS, true), refuse()],
    );
    let mut rule = group(MetaKey::GroupIn, false).to_vec();
    rule.extend(group(MetaKey::GroupOut, true));
    rule.extend([
        Expression::Ct { key: CtKey::Direction, to: R0 },
        Expression::Compare { from: R0, equal: true, value: vec![0] },
        Expression::Ct { key: CtKey::Status, to: R0 },
        // IPS_DST_NAT.
        Expression::Mask { register: R0, mask: 0x20_u32.to_ne_bytes().to_vec() },
        Expression::Compare { from: R0, equal: true, value: vec![0; 4] },
        Expression::End(Verdict::Drop),
    ]);
    batch.rule("guard", &rule);
}

fn leave(batch: &mut Batch, own: Option<Ipv4Addr>) {
    let to_us = group(MetaKey::GroupOut, true);
    let mut hairpin = to_us.to_vec();
    hairpin.extend([source(R0), destination(R1), member(&OWN, false), Expression::Masquerade]);
    batch.rule("leave", &hairpin);
    let mut localhost = to_us.to_vec();
    localhost.extend(loopback(source(R0)));
    // 127.0.0.1 means another host inside a container. Masquerading would show the gateway's address as the client.
    match own {
        Some(own) => localhost.extend([
            Expression::Immediate { to: R0, value: own.octets().to_vec() },
            Expression::Snat { address: R0 },
        ]),
        None => localhost.push(Expression::Masquerade),
    }
    batch.rule("leave", &localhost);
    let mut outside = group(MetaKey::GroupOut, false).to_vec();
    outside.extend([source(R0), member(&EGRESS, false)]);
    outside.extend([destination(R0), member(&SUBNETS, true), Expression::Masquerade]);
    batch.rule("leave", &outside);
}

/// The elements of [`SUBNETS`] and [`SAME`] for these subnets, which do not overlap.
pub(crate) fn subnet_elements<'a>(subnets: impl Iterator<Item = &'a Subnet>) -> (Vec<Element>, Vec<Element>) {
    let mut plain = Vec::new();
    let mut pairs = Vec::new();
    for subnet in subnets {
        let first = subnet.address.to_bits() & subnet.mask();
        let last = first | !subnet.mask();
        let twice = |value: u32| [value.to_be_bytes(), value.to_be_bytes()].concat();
        pairs.push(Element::Range { first: twice(first), last: twice(last) });
        plain.push(Element::Key(first.to_be_bytes().to_vec()));
        if let Some(behind) = last.checked_add(1) {
            plain.push(Element::RangeEnd(behind.to_be_bytes().to_vec()));
        }
    }
    (plain, pairs)
}

/// The subnet behind an element of [`SAME`].
pub(crate) fn subnet_of_range(first: &[u8], last: &[u8]) -> Option<Subnet> {
    let number = |key: &[u8]| key.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    let (first, last) = (number(first)?, number(last)?);
    let prefix_bits = u8::try_from((first ^ last).leading_zeros()).ok()?;
    Some(Subnet { address: first.into(), prefix_bits })
}
