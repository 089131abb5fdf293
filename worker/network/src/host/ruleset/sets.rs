//! The sets that the rules look into, and their elements.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use skep_model::Subnet;

use crate::host::tunnel::Number;
use crate::nft::{Element, Set, Value};

const IPV4: u32 = 7;
const PORT: u32 = 13;
const PROTOCOL: u32 = 12;
const INDEX: u32 = 20;
/// A mark: four bytes of this machine's order.
const NUMBER: u32 = 19;

const fn addresses(name: &'static str) -> Set {
    Set { name, key_type: IPV4, fields: &[4], ranges: false, value: Value::None }
}

const fn pairs(name: &'static str) -> Set {
    Set { name, key_type: (IPV4 << 6) | IPV4, fields: &[4, 4], ranges: false, value: Value::None }
}

const fn choosers(name: &'static str) -> Set {
    Set { name, key_type: NUMBER, fields: &[4], ranges: false, value: Value::Verdict }
}

/// (link of a container . its address).
pub(crate) const SOURCES: Set = Set {
    name: "sources",
    key_type: (INDEX << 6) | IPV4,
    fields: &[4, 4],
    ranges: false,
    value: Value::None,
};
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
/// but the change, while each new rule and each new way to a chain makes it look at all chains again (6 ms with 10,000).
const CHOOSER: Value = Value::Data { kind: NUMBER, length: 4 };
const ADDRESS: Value = Value::Data { kind: IPV4, length: 4 };
const ADDRESS_AND_PORT: Value = Value::Data { kind: (IPV4 << 6) | PORT, length: 8 };

/// VIP to the number of a chooser.
pub(crate) const VIPS: Set = Set { value: CHOOSER, ..addresses("vips") };
/// (VIP . place) to the address of a task.
pub(crate) const VIP_TARGETS: Set = Set {
    name: "vip-targets",
    key_type: (IPV4 << 6) | NUMBER,
    fields: &[4, 4],
    ranges: false,
    value: ADDRESS,
};
/// (protocol . port) to the number of a chooser.
pub(crate) const PUBLISHED: Set = Set {
    name: "published",
    key_type: (PROTOCOL << 6) | PORT,
    fields: &[4, 4],
    ranges: false,
    value: CHOOSER,
};
/// (protocol . port . place) to a task's address and port.
pub(crate) const PUBLISHED_TARGETS: Set = Set {
    name: "published-targets",
    key_type: (PROTOCOL << 12) | (PORT << 6) | NUMBER,
    fields: &[4, 4, 4],
    ranges: false,
    value: ADDRESS_AND_PORT,
};
/// (address of this host . protocol . port) to the number of a chooser.
pub(crate) const PUBLISHED_AT: Set = Set {
    name: "published-at",
    key_type: (IPV4 << 12) | (PROTOCOL << 6) | PORT,
    fields: &[4, 4, 4],
    ranges: false,
    value: CHOOSER,
};
/// (address of this host . protocol . port . place) to a task's address and port.
pub(crate) const PUBLISHED_AT_TARGETS: Set = Set {
    name: "published-at-targets",
    key_type: (IPV4 << 18) | (PROTOCOL << 12) | (PORT << 6) | NUMBER,
    fields: &[4, 4, 4, 4],
    ranges: false,
    value: ADDRESS_AND_PORT,
};
/// The numbers of choosers to their chains, for each of the three: the kernel looks at the chains behind all places that lead to
/// them.
pub(crate) const VIP_CHOOSERS: Set = choosers("vip-choosers");
pub(crate) const PUBLISHED_CHOOSERS: Set = choosers("published-choosers");
pub(crate) const PUBLISHED_AT_CHOOSERS: Set = choosers("published-at-choosers");
/// The addresses of the other nodes: who may send through the tunnel.
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
    &VIP_CHOOSERS,
    &PUBLISHED_CHOOSERS,
    &PUBLISHED_AT_CHOOSERS,
    &PEERS,
    &HOPS,
    &BACK,
];

/// The elements of [`SUBNETS`] and of [`SAME`] or [`SEALED`] for these subnets, which do not overlap.
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

/// The subnet behind an element of [`SAME`] or [`SEALED`].
pub(crate) fn subnet_of_range(element: &Element) -> Option<Subnet> {
    let Element::Range { first, last } = element else { return None };
    let number = |key: &[u8]| key.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    let (first, last) = (number(first)?, number(last)?);
    let prefix_bits = u8::try_from((first ^ last).leading_zeros()).ok()?;
    Some(Subnet { address: first.into(), prefix_bits })
}

/// The elements of [`PEERS`], [`HOPS`] and [`BACK`] for these nodes.
pub(crate) fn peer_elements(peers: &BTreeMap<Number, Ipv4Addr>) -> [(&'static Set, BTreeSet<Element>); 3] {
    let key = |address: Ipv4Addr| Element::Key(address.octets().to_vec());
    let pair = |(number, address): (&Number, &Ipv4Addr)| {
        Element::Key([address.octets(), number.hop().octets()].concat())
    };
    [
        (&PEERS, peers.values().copied().map(key).collect()),
        (&HOPS, peers.keys().map(|number| key(number.hop())).collect()),
        (&BACK, peers.iter().map(pair).collect()),
    ]
}

/// The node behind an element of [`BACK`].
pub(crate) fn peer_of_pair(element: &Element) -> Option<(Number, Ipv4Addr)> {
    let Element::Key(key) = element else { return None };
    let address = |bytes: &[u8]| bytes.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets));
    Some((Number::of_hop(address(key.get(4..)?)?)?, address(key)?))
}
