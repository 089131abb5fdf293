use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use super::{Kind, Number};
use crate::family::Family;
use crate::host::links::{
    CREATE, DELETE_ROUTE, EXCLUSIVE, NEW_NEIGHBOUR, NEW_ROUTE, REPLACE, ROUTE_PROTOCOL,
};
use crate::netlink::Message;

// Messages and attributes of linux/rtnetlink.h, linux/neighbour.h and linux/fib_rules.h.
const DELETE_NEIGHBOUR: u16 = 29;
const NEW_RULE: u16 = 32;
pub(super) const DELETE_RULE: u16 = 33;
/// The message that makes a rule, also if there is the same already.
pub(super) const CREATE_RULE: (u16, u16) = (NEW_RULE, CREATE);
pub(super) const FAMILY_BRIDGE: u8 = 7;
/// `NUD_PERMANENT`.
pub(super) const PERMANENT: u16 = 0x80;
/// `NTF_SELF`: an entry of the device itself, not of a bridge that it is in.
const SELF: u8 = 2;
pub(super) const NEIGHBOUR_TO: u16 = 1;
pub(super) const NEIGHBOUR_MAC: u16 = 2;
pub(super) const ROUTE_TO: u16 = 1;
pub(super) const ROUTE_OUT: u16 = 4;
pub(super) const ROUTE_GATEWAY: u16 = 5;
pub(super) const ROUTE_METRICS: u16 = 8;
pub(super) const ROUTE_TABLE: u16 = 15;
/// `RTAX_MTU`.
pub(super) const METRIC_MTU: u16 = 2;
/// `RTNH_F_ONLINK`: the gateway is on the link, whatever addresses say.
const ONLINK: u32 = 4;
/// `RT_TABLE_MAIN`.
pub(super) const MAIN: u32 = 254;
pub(super) const RULE_PRIORITY: u16 = 6;
pub(super) const RULE_MARK: u16 = 10;
pub(super) const RULE_TABLE: u16 = 15;
const RULE_MASK: u16 = 16;
pub(super) const RULE_PROTOCOL: u16 = 21;
pub(super) const RULE_GOTO: u16 = 4;
/// `FR_ACT_TO_TBL`, `FR_ACT_GOTO`.
pub(super) const TO_TABLE: u8 = 1;
const GO_ON_AT: u8 = 2;
/// Where the gate is among the host's rules: behind the local table's, before those that people make. In IPv6 it is before that,
/// too, see `local_rule.rs`.
const GATE_PRIORITY: u32 = 115;
const GATE_PRIORITY6: u32 = 0;
/// Where the nodes' rules are: behind all others (the default table's is at 32767).
const PEERS_PRIORITY: u32 = 33_000;

/// One thing in the kernel that leads to another node. They are made in this order, and removed in the opposite one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entry {
    /// A node's address within the tunnel has its hardware address.
    Neighbour(Family, Number),
    /// Frames for its hardware address are sent to its own address; of the plain link alone.
    Forward(Number, Ipv4Addr),
    /// In the routing table of its own everything leads to it, in packets of at most so many bytes; 0 leaves it to the link.
    Back(Family, Number, u32),
    /// Packets with its mark follow that table.
    Rule(Family, Number),
    /// Packets with marks of ours skip all rules but those. All other packets pass by this one rule, however many nodes
    /// there are; and what is marked for a node that has left goes nowhere.
    Gate(Family),
    /// A task's address, or its own within the plain tunnel, leads to it, in packets of at most so many bytes; 0 leaves it to
    /// the link.
    Route(IpAddr, Number, u32),
}

impl Entry {
    /// Makes it, in place of what is there for the same key; `index` is that of the link.
    pub(crate) fn add(self, kind: Kind, index: u32) -> Message {
        self.message(kind, index, true)
    }

    /// Removes just it: nothing else that is there for the same key.
    pub(crate) fn remove(self, kind: Kind, index: u32) -> Message {
        self.message(kind, index, false)
    }

    /// Whether it stays when the tunnel's link goes.
    pub(crate) fn is_rule(&self) -> bool {
        matches!(self, Self::Rule(..) | Self::Gate(_))
    }

    /// All that may lead to the address of a task.
    pub(crate) fn routes_to(address: IpAddr) -> RangeInclusive<Self> {
        Self::Route(address, Number::FIRST, 0)..=Self::Route(address, Number::LAST, u32::MAX)
    }

    /// All in whose place it comes when it is added: of IPv6 the kernel keeps no two routes that differ in the size of packets, and
    /// to remove the one would remove the other.
    pub(crate) fn same_but_size(&self) -> Option<RangeInclusive<Self>> {
        match *self {
            Self::Back(Family::V6, number, _) => {
                Some(Self::Back(Family::V6, number, 0)..=Self::Back(Family::V6, number, u32::MAX))
            }
            Self::Route(address @ IpAddr::V6(_), number, _) => {
                Some(Self::Route(address, number, 0)..=Self::Route(address, number, u32::MAX))
            }
            _ => None,
        }
    }

    /// The address of a task that it leads to.
    pub(crate) fn destination(&self) -> Option<IpAddr> {
        match self {
            // Its own address within the tunnel is no task's.
            Self::Route(address, number, _) if *address != number.hop() => Some(*address),
            _ => None,
        }
    }

    fn message(self, kind: Kind, index: u32, add: bool) -> Message {
        match self {
            Self::Neighbour(family, number) => {
                neighbour((kind, index), number, (family.number(), number.hop_in(family)), add)
            }
            Self::Forward(number, address) => {
                neighbour((kind, index), number, (FAMILY_BRIDGE, address.into()), add)
            }
            Self::Back(family, number, mtu) => {
                route((kind, index), (number, mtu), Destination::everything(family), add)
            }
            Self::Rule(family, number) => rule(kind, family, number, add),
            Self::Gate(family) => gate(kind, family, add),
            Self::Route(address, number, mtu) => {
                route((kind, index), (number, mtu), Destination::one(address), add)
            }
        }
    }
}

/// What a route is for.
#[derive(Clone, Copy)]
struct Destination {
    family: Family,
    /// None for everything.
    only: Option<IpAddr>,
}

impl Destination {
    fn everything(family: Family) -> Self {
        Self { family, only: None }
    }

    fn one(address: IpAddr) -> Self {
        Self { family: Family::of(address), only: Some(address) }
    }
}

/// `struct ndmsg` with its attributes. In the family of bridges it is for frames to the hardware address instead of packets.
fn neighbour((link, index): (Kind, u32), number: Number, (family, to): (u8, IpAddr), add: bool) -> Message {
    let own = if family == FAMILY_BRIDGE { SELF } else { 0 };
    let mut header = [family, 0, 0, 0, 0, 0, 0, 0, 0, 0, own, 0];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..10].copy_from_slice(&PERMANENT.to_ne_bytes());
    let action = format!("change how node {} is reached at {to}", number.value());
    let (kind, flags) = if add { (NEW_NEIGHBOUR, CREATE | REPLACE) } else { (DELETE_NEIGHBOUR, 0) };
    let mut message = Message::new(kind, flags, &header, action);
    message.address(NEIGHBOUR_TO, to).bytes(NEIGHBOUR_MAC, &number.mac(link));
    message
}

/// `struct rtmsg` with its attributes, universal scope, unicast: for one address in the main table, or for everything in
/// the node's own.
fn route(
    (link, index): (Kind, u32),
    (number, mtu): (Number, u32),
    Destination { family, only }: Destination,
    add: bool,
) -> Message {
    let (bits, table) = if only.is_some() { (family.bits(), MAIN) } else { (0, number.table(link)) };
    let mut header = [family.number(), bits, 0, 0, 0, ROUTE_PROTOCOL, 0, 1, 0, 0, 0, 0];
    if family == Family::V4 {
        header[8..12].copy_from_slice(&ONLINK.to_ne_bytes());
    }
    let shown = only.map_or_else(|| "what goes back".into(), |address| address.to_string());
    let action = format!("change the route by {} to node {} for {shown}", link.name(), number.value());
    let (kind, flags) = if add { (NEW_ROUTE, CREATE | REPLACE) } else { (DELETE_ROUTE, 0) };
    let mut message = Message::new(kind, flags, &header, action);
    if let Some(address) = only {
        message.address(ROUTE_TO, address);
    }
    message.address(ROUTE_GATEWAY, number.hop_in(family)).ne32(ROUTE_OUT, index).ne32(ROUTE_TABLE, table);
    // Also of a route that goes: one that only differs in it may have taken its place.
    if mtu != 0 || !add {
        message.nest(ROUTE_METRICS, |metrics| {
            metrics.ne32(METRIC_MTU, mtu);
        });
    }
    message
}

/// `struct fib_rule_hdr` with its attributes.
fn any_rule(family: Family, action: u8, priority: u32, add: bool) -> Message {
    let header = [family.number(), 0, 0, 0, 0, 0, 0, action, 0, 0, 0, 0];
    let (kind, flags) = if add { (NEW_RULE, CREATE | EXCLUSIVE) } else { (DELETE_RULE, 0) };
    let mut message = Message::new(kind, flags, &header, "change the rule for what goes back");
    message.ne32(RULE_PRIORITY, priority).bytes(RULE_PROTOCOL, &[ROUTE_PROTOCOL]);
    message
}

fn rule(link: Kind, family: Family, number: Number, add: bool) -> Message {
    let mut message = any_rule(family, TO_TABLE, PEERS_PRIORITY, add);
    message.action = format!("change the rule for what goes back to node {}", number.value());
    message.ne32(RULE_MARK, number.mark(link)).ne32(RULE_MASK, u32::MAX);
    message.ne32(RULE_TABLE, number.table(link));
    message
}

fn gate(link: Kind, family: Family, add: bool) -> Message {
    let priority = if family == Family::V4 { GATE_PRIORITY } else { GATE_PRIORITY6 };
    let mut message = any_rule(family, GO_ON_AT, priority, add);
    let [first, second] = link.mark_prefix();
    message.ne32(RULE_MARK, u32::from_ne_bytes([first, second, 0, 0]));
    message.ne32(RULE_MASK, u32::from_ne_bytes([255, 255, 0, 0])).ne32(RULE_GOTO, PEERS_PRIORITY);
    message
}
