//! What of the tunnel is in the kernel, as it tells.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::entry::{
    FAMILY_BRIDGE, FAMILY_INET, MAIN, METRIC_MTU, NEIGHBOUR_MAC, NEIGHBOUR_TO, PERMANENT, ROUTE_GATEWAY,
    ROUTE_METRICS, ROUTE_OUT, ROUTE_TABLE, ROUTE_TO, RULE_GOTO, RULE_MARK, RULE_PROTOCOL, RULE_TABLE,
};
use super::{Entry, Kind, Number};
use crate::Result;
use crate::host::links::{GET_ROUTE, ROUTE_PROTOCOL};
use crate::netlink::{Message, NetlinkSocket, first_attribute, read_u32};

// Of linux/rtnetlink.h.
const GET_NEIGHBOUR: u16 = 30;
const GET_RULE: u16 = 34;

/// Our rules for a link, whether or not it is there.
pub(crate) fn rules(socket: &mut NetlinkSocket, kind: Kind) -> Result<BTreeSet<Entry>> {
    let header = [FAMILY_INET, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let answers = socket.dump(Message::new(GET_RULE, 0, &header, "list the routing rules"))?;
    let rule = |body: &Vec<u8>| {
        let attributes = body.get(12..)?;
        let number = |wanted| first_attribute(attributes, wanted).and_then(|value| read_u32(value, 0));
        if first_attribute(attributes, RULE_PROTOCOL)? != [ROUTE_PROTOCOL] {
            return None;
        }
        let mark = number(RULE_MARK)?;
        if number(RULE_GOTO).is_some() {
            let [first, second] = kind.mark_prefix();
            return (mark.to_ne_bytes() == [first, second, 0, 0]).then_some(Entry::Gate);
        }
        let peer = Number::of_table(kind, number(RULE_TABLE)?)?;
        (mark == peer.mark(kind)).then_some(Entry::Rule(peer))
    };
    Ok(answers.iter().filter_map(rule).collect())
}

/// All that hangs on a link, and our rules for it.
pub(crate) fn read(socket: &mut NetlinkSocket, kind: Kind, index: u32) -> Result<BTreeSet<Entry>> {
    let mut entries = rules(socket, kind)?;
    for family in [FAMILY_INET, FAMILY_BRIDGE] {
        let header = [family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let answers = socket.dump(Message::new(GET_NEIGHBOUR, 0, &header, "list the neighbours"))?;
        entries.extend(answers.iter().filter_map(|body| neighbour(body, kind, index)));
    }
    let header = [FAMILY_INET, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let answers = socket.dump(Message::new(GET_ROUTE, 0, &header, "list the routes"))?;
    entries.extend(answers.iter().filter_map(|body| route(body, kind, index)));
    Ok(entries)
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
    match *body.first()? {
        FAMILY_BRIDGE => Some(Entry::Forward(number, to)),
        _ => (to == number.hop()).then_some(Entry::Neighbour(number)),
    }
}

/// From `struct rtmsg` with its attributes.
fn route(body: &[u8], kind: Kind, index: u32) -> Option<Entry> {
    let attributes = body.get(12..)?;
    let out = first_attribute(attributes, ROUTE_OUT).and_then(|value| read_u32(value, 0))?;
    if out != index || *body.get(5)? != ROUTE_PROTOCOL {
        return None;
    }
    let number = Number::of_hop(address(attributes, ROUTE_GATEWAY)?)?;
    let table = first_attribute(attributes, ROUTE_TABLE).and_then(|value| read_u32(value, 0))?;
    let metrics = first_attribute(attributes, ROUTE_METRICS).unwrap_or_default();
    let mtu = first_attribute(metrics, METRIC_MTU).and_then(|value| read_u32(value, 0)).unwrap_or(0);
    match (*body.get(1)?, table) {
        (32, MAIN) => Some(Entry::Route(address(attributes, ROUTE_TO)?, number, mtu)),
        (0, table) if table == number.table(kind) => Some(Entry::Back(number, mtu)),
        _ => None,
    }
}

fn address(attributes: &[u8], kind: u16) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = first_attribute(attributes, kind)?.try_into().ok()?;
    Some(octets.into())
}
