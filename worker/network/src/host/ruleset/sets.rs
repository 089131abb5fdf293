//! The sets that the rules look into, and their elements.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use crate::family::{Family, from_octets, octets};
use crate::host::range::Range;
use crate::host::tunnel::Number;
use crate::nft::{Element, Field, Set, Value};

const fn addresses(name: &'static str) -> Set {
    Set { name, fields: &[Field::Address], ranges: false, value: Value::None }
}

const fn pairs(name: &'static str) -> Set {
    Set { name, fields: &[Field::Address, Field::Address], ranges: false, value: Value::None }
}

const fn turns_of_ports(name: &'static str) -> Set {
    Set { name, fields: &[Field::Port], ranges: false, value: Value::Verdict }
}

const fn map(name: &'static str, fields: &'static [Field], value: Value) -> Set {
    Set { name, fields, ranges: false, value }
}

/// (link of a container . its address).
pub(crate) const SOURCES: Set =
    Set { name: "sources", fields: &[Field::Link, Field::Address], ranges: false, value: Value::None };
/// (address . the same address) of each container.
pub(crate) const OWN: Set = pairs("own");
/// The addresses that may reach outside.
pub(crate) const EGRESS: Set = addresses("egress");
/// (subnet . the same subnet) of each network.
pub(crate) const SAME: Set = Set { ranges: true, ..pairs("same") };
/// The subnets of all networks.
pub(crate) const SUBNETS: Set = Set { ranges: true, ..addresses("subnets") };
/// (subnet . the same subnet) of each network that is encrypted between nodes.
pub(crate) const SEALED: Set = Set { ranges: true, ..pairs("sealed") };
/// What leads to a service is not in chains of its own but in maps with values: of a change in these the kernel checks nothing
/// but the change, while each new rule and each new way to a chain makes it look at all ways to chains again.
const ADDRESS: Value = Value::Data(&[Field::Address]);
const ADDRESS_AND_PORT: Value = Value::Data(&[Field::Address, Field::Port]);

/// (VIP . how a task is chosen).
pub(crate) const VIPS: Set = map("vips", &[Field::Address, Field::Number], Value::None);
/// (VIP . place) to the address of a task.
pub(crate) const VIP_TARGETS: Set = Set { name: "vip-targets", value: ADDRESS, ..VIPS };
/// The last byte of a VIP to the chain that chooses.
pub(crate) const VIP_TURNS: Set = Set { value: Value::Verdict, ..addresses("vip-turns") };
/// (protocol . port . how a task is chosen).
pub(crate) const PUBLISHED: Set =
    map("published", &[Field::Protocol, Field::Port, Field::Number], Value::None);
/// (protocol . port . place) to a task's address and port.
pub(crate) const PUBLISHED_TARGETS: Set =
    Set { name: "published-targets", value: ADDRESS_AND_PORT, ..PUBLISHED };
/// The last byte of a port to the chain that chooses.
pub(crate) const PUBLISHED_TURNS: Set = turns_of_ports("published-turns");
/// (address of this host . protocol . port . how a task is chosen).
pub(crate) const PUBLISHED_AT: Set =
    map("published-at", &[Field::Address, Field::Protocol, Field::Port, Field::Number], Value::None);
/// (address of this host . protocol . port . place) to a task's address and port.
pub(crate) const PUBLISHED_AT_TARGETS: Set =
    Set { name: "published-at-targets", value: ADDRESS_AND_PORT, ..PUBLISHED_AT };
/// The last byte of a port to the chain that chooses.
pub(crate) const PUBLISHED_AT_TURNS: Set = turns_of_ports("published-at-turns");
/// The addresses of the other nodes: who may send through the tunnel, which is one of IPv4.
pub(crate) const PEERS: Set = addresses("peers");
/// The other nodes' addresses within the tunnel.
pub(crate) const HOPS: Set = addresses("hops");
/// (a node's address . its address within the tunnel) of each other node.
pub(crate) const BACK: Set = pairs("back");

pub(crate) const SETS: [&Set; 18] = [
    &SOURCES,
    &OWN,
    &EGRESS,
    &SAME,
    &SUBNETS,
    &SEALED,
    &VIPS,
    &VIP_TARGETS,
    &PUBLISHED,
    &PUBLISHED_TARGETS,
    &PUBLISHED_AT,
    &PUBLISHED_AT_TARGETS,
    &VIP_TURNS,
    &PUBLISHED_TURNS,
    &PUBLISHED_AT_TURNS,
    &PEERS,
    &HOPS,
    &BACK,
];

/// The elements of [`SUBNETS`] and of [`SAME`] or [`SEALED`] for these ranges, which do not overlap.
pub(crate) fn range_elements<'a>(ranges: impl Iterator<Item = &'a Range>) -> (Vec<Element>, Vec<Element>) {
    let mut plain = Vec::new();
    let mut pairs = Vec::new();
    for range in ranges {
        let [first, last] = range.edges().map(octets);
        let twice = |bytes: &[u8]| [bytes, bytes].concat();
        pairs.push(Element::Range { first: twice(&first), last: twice(&last) });
        plain.push(Element::Key(first));
        plain.extend(range.behind().map(|behind| Element::RangeEnd(octets(behind))));
    }
    (plain, pairs)
}

/// The range behind an element of [`SAME`] or [`SEALED`].
pub(crate) fn range_of_element(element: &Element) -> Option<Range> {
    let Element::Range { first, last } = element else { return None };
    let half = |bytes: &[u8]| from_octets(bytes.get(..bytes.len() / 2)?);
    Some(Range::new(half(first)?, half(last)?))
}

/// The elements of [`PEERS`], [`HOPS`] and [`BACK`] for these nodes. Of IPv6 only the addresses within the tunnel are known.
pub(crate) fn peer_elements(family: Family, peers: &BTreeMap<Number, Ipv4Addr>) -> PeerElements {
    let hop = |number: &Number| octets(number.hop_in(family));
    let hops = peers.keys().map(|number| Element::Key(hop(number))).collect();
    if family == Family::V6 {
        return [(&PEERS, BTreeSet::new()), (&HOPS, hops), (&BACK, BTreeSet::new())];
    }
    let key = |address: &Ipv4Addr| address.octets().to_vec();
    let pair = |(number, address): (&Number, &Ipv4Addr)| Element::Key([key(address), hop(number)].concat());
    [
        (&PEERS, peers.values().map(|address| Element::Key(key(address))).collect()),
        (&HOPS, hops),
        (&BACK, peers.iter().map(pair).collect()),
    ]
}

/// Sets, with what is in them of other nodes.
pub(crate) type PeerElements = [(&'static Set, BTreeSet<Element>); 3];

/// The node behind an element of [`BACK`].
pub(crate) fn peer_of_pair(element: &Element) -> Option<(Number, Ipv4Addr)> {
    let Element::Key(key) = element else { return None };
    let address = |bytes: &[u8]| bytes.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets));
    Some((Number::of_hop(address(key.get(4..)?)?)?, address(key)?))
}

/// The node behind an element of [`HOPS`].
pub(crate) fn peer_of_hop(element: &Element) -> Option<Number> {
    let Element::Key(key) = element else { return None };
    Number::of_any_hop(from_octets(key)?)
}
