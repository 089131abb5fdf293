//! What of the tunnel is in the kernel, as it tells.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::entry::{
    FAMILY_BRIDGE, MAIN, METRIC_MTU, NEIGHBOUR_MAC, NEIGHBOUR_TO, PERMANENT, ROUTE_GATEWAY, ROUTE_METRICS,
    ROUTE_OUT, ROUTE_TABLE, ROUTE_TO, RULE_GOTO, RULE_MARK, RULE_PROTOCOL, RULE_TABLE,
};
use super::local_rule::is_local_rule;
use super::{Entry, Kind, Number};
use crate::family::{Family, from_octets};
use crate::host::links::{GET_ROUTE, ROUTE_PROTOCOL};
use crate::netlink::{Message, NetlinkSocket, first_attribute, read_u32};
use crate::{NetworkError, Result};

// Of linux/rtnetlink.h.
const GET_NEIGHBOUR: u16 = 30;
const GET_RULE: u16 = 34;

/// Our rules for a link, whether or not it is there.
pub(crate) fn rules(socket: &mut NetlinkSocket, kind: Kind) -> Result<BTreeSet<Entry>> {
    let mut entries = BTreeSet::new();
    for family in Family::ALL {
        let answers = list_rules(socket, family)?;
        // A gate that is behind the rule for packets to this host is none.
        let local = answers.iter().position(|body| is_local_rule(body)).filter(|_| family == Family::V6);
        let counts = |at: usize, body: &Vec<u8>| !is_gate(body) || local.is_none_or(|local| at < local);
        let ours = answers.iter().enumerate().filter(|(at, body)| counts(*at, body));
        entries.extend(ours.filter_map(|(_, body)| rule(body, kind, family)));
    }
    Ok(entries)
}

/// The host's routing rules of a family, in their order.
pub(super) fn list_rules(socket: &mut NetlinkSocket, family: Family) -> Result<Vec<Vec<u8>>> {
    list(socket, GET_RULE, family, "list the routing rules")
}

/// Whether a rule is a gate of ours, for whichever link.
pub(super) fn is_gate(body: &[u8]) -> bool {
    let attributes = body.get(12..).unwrap_or_default();
    first_attribute(attributes, RULE_PROTOCOL) == Some(&[ROUTE_PROTOCOL])
        && first_attribute(attributes, RULE_GOTO).is_some()
}

/// All that hangs on a link, and our rules for it.
pub(crate) fn read(socket: &mut NetlinkSocket, kind: Kind, index: u32) -> Result<BTreeSet<Entry>> {
    let mut entries = rules(socket, kind)?;
    let bridge = [FAMILY_BRIDGE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let forwards = socket.dump(Message::new(GET_NEIGHBOUR, 0, &bridge, "list the forwarding entries"))?;
    entries.extend(forwards.iter().filter_map(|body| neighbour(body, kind, index)));
    for family in Family::ALL {
        let answers = list(socket, GET_NEIGHBOUR, family, "list the neighbours")?;
        entries.extend(answers.iter().filter_map(|body| neighbour(body, kind, index)));
        let answers = list(socket, GET_ROUTE, family, "list the routes")?;
        entries.extend(answers.iter().filter_map(|body| route(body, kind, index)));
    }
    Ok(entries)
}

/// All of a kind; a kernel without IPv6 has none of it.
fn list(socket: &mut NetlinkSocket, kind: u16, family: Family, action: &str) -> Result<Vec<Vec<u8>>> {
    let header = [family.number(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    match socket.dump(Message::new(kind, 0, &header, action)) {
        Err(NetworkError::Refused { .. }) if family == Family::V6 => Ok(Vec::new()),
        answers => answers,
    }
}

/// From `struct fib_rule_hdr` with its attributes.
fn rule(body: &[u8], kind: Kind, family: Family) -> Option<Entry> {
    let attributes = body.get(12..)?;
    let number = |wanted| first_attribute(attributes, wanted).and_then(|value| read_u32(value, 0));
    // A kernel without rules for IPv6 answers with those of all families.
    if *body.first()? != family.number() || first_attribute(attributes, RULE_PROTOCOL)? != [ROUTE_PROTOCOL] {
        return None;
    }
    let mark = number(RULE_MARK)?;
    if number(RULE_GOTO).is_some() {
        let [first, second] = kind.mark_prefix();
        return (mark.to_ne_bytes() == [first, second, 0, 0]).then_some(Entry::Gate(family));
    }
    let peer = Number::of_table(kind, number(RULE_TABLE)?)?;
    (mark == peer.mark(kind)).then_some(Entry::Rule(family, peer))
}

/// From `struct ndmsg` with its attributes.
fn neighbour(body: &[u8], kind: Kind, index: u32) -> Option<Entry> {
    let attributes = body.get(12..)?;
    let state = u16::from_ne_bytes(body.get(8..10)?.try_into().ok()?);
    if read_u32(body, 4)? != index || state & PERMANENT == 0 {
        return None;
    }
    let number = Number::of_mac(kind, first_attribute(attributes, NEIGHBOUR_MAC)?)?;
    let to = address(attributes, NEIGHBOUR_TO)?;
    match (*body.first()?, to) {
        (FAMILY_BRIDGE, IpAddr::V4(to)) => Some(Entry::Forward(number, to)),
        _ => {
            let family = Family::of(to);
            (to == number.hop_in(family)).then_some(Entry::Neighbour(family, number))
        }
    }
}

/// From `struct rtmsg` with its attributes.
fn route(body: &[u8], kind: Kind, index: u32) -> Option<Entry> {
    let attributes = body.get(12..)?;
    let out = first_attribute(attributes, ROUTE_OUT).and_then(|value| read_u32(value, 0))?;
    if out != index || *body.get(5)? != ROUTE_PROTOCOL {
        return None;
    }
    let hop = address(attributes, ROUTE_GATEWAY)?;
    let (family, number) = (Family::of(hop), Number::of_any_hop(hop)?);
    let table = first_attribute(attributes, ROUTE_TABLE).and_then(|value| read_u32(value, 0))?;
    let metrics = first_attribute(attributes, ROUTE_METRICS).unwrap_or_default();
    let mtu = first_attribute(metrics, METRIC_MTU).and_then(|value| read_u32(value, 0)).unwrap_or(0);
    match (*body.get(1)?, table) {
        (0, table) if table == number.table(kind) => Some(Entry::Back(family, number, mtu)),
        (bits, MAIN) if bits == family.bits() => {
            Some(Entry::Route(address(attributes, ROUTE_TO)?, number, mtu))
        }
        _ => None,
    }
}

fn address(attributes: &[u8], kind: u16) -> Option<IpAddr> {
    from_octets(first_attribute(attributes, kind)?)
}
