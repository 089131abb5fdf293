//! Links, addresses and routes as netlink messages; numbers are those of linux/rtnetlink.h and linux/if_link.h.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

use crate::attachment::Address;
use crate::family::{Family, from_octets};
use crate::netlink::{Message, NetlinkSocket, first_attribute, read_u32, text};
use crate::sysctl::{self, LOOSE};
use crate::{NetworkError, Result};

/// The group of every host-side link of ours ("sk"); the rules match on it.
pub const LINK_GROUP: u32 = 0x736b;
/// The protocol number of every route of ours, as `ip route show proto 115` wants it.
pub const ROUTE_PROTOCOL: u8 = 115;
/// What each container's default route names and each host-side link carries.
pub(crate) const GATEWAY: Ipv4Addr = Ipv4Addr::new(169, 254, 1, 1);
/// The same of IPv6.
pub(crate) const GATEWAY6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
/// Host-side links are each a network of their own, so one hardware address does for all.
const GATEWAY_MAC: [u8; 6] = [0x02, 0x73, 0x6b, 0x00, 0x00, 0x01];

pub(crate) const NEW_LINK: u16 = 16;
const DELETE_LINK: u16 = 17;
pub(super) const GET_LINK: u16 = 18;
const SET_LINK: u16 = 19;
const NEW_ADDRESS: u16 = 20;
/// Behind the kernel's own route to ::1.
const LOOPBACK_METRIC: u32 = 0x0001_0000;
pub(super) const NEW_ROUTE: u16 = 24;
pub(super) const DELETE_ROUTE: u16 = 25;
pub(super) const NEW_NEIGHBOUR: u16 = 28;
pub(super) const REPLACE: u16 = 0x100;
pub(super) const EXCLUSIVE: u16 = 0x200;
pub(super) const CREATE: u16 = 0x400;
pub(super) const UP: u32 = 1;
pub(super) const GET_ROUTE: u16 = 26;

/// A link as the kernel shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) index: u32,
    pub(crate) name: String,
    pub(crate) group: u32,
}

/// The host-side name of a container's link: `sk` and 48 bits of the id's FNV-1a hash.
pub(crate) fn link_name(container: &str) -> String {
    let hash = container.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("sk{:012x}", hash >> 16)
}

/// The hardware address of a container's end: locally administered, from its first address.
pub(crate) fn container_mac(addresses: &[Address]) -> [u8; 6] {
    let first = addresses.first().map_or([0; 4], |address| address.address.octets());
    [0x02, 0x6b, first[0], first[1], first[2], first[3]]
}

/// `aa:bb:..`, as people write it.
pub(crate) fn shown_mac(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

pub(crate) fn link_header(index: u32, flags: u32, changed: u32) -> [u8; 16] {
    let mut header = [0; 16];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..16].copy_from_slice(&changed.to_ne_bytes());
    header
}

/// A pair whose far end is born as `eth0` in the namespace.
pub(crate) fn make_pair(name: &str, mac: [u8; 6], mtu: u32, namespace: BorrowedFd<'_>) -> Message {
    let mut message =
        Message::new(NEW_LINK, CREATE | EXCLUSIVE, &link_header(0, 0, 0), format!("make the link {name}"));
    let ends = |message: &mut Message, name: &str, mac: &[u8]| {
        // One queue per end: by default there is one per possible processor.
        message.text(3, name).bytes(1, mac).ne32(4, mtu).ne32(31, 1).ne32(32, 1);
    };
    ends(&mut message, name, &GATEWAY_MAC);
    message.ne32(27, LINK_GROUP);
    message.nest(18, |info| {
        info.text(1, "veth").nest(2, |data| {
            data.nest(1, |peer| {
                peer.body.extend_from_slice(&link_header(0, 0, 0));
                ends(peer, "eth0", &mac);
                peer.ne32(28, namespace.as_raw_fd().cast_unsigned());
            });
        });
    });
    message
}

pub(super) fn set_link(index: u32, flags: u32, action: &str) -> Message {
    Message::new(SET_LINK, 0, &link_header(index, flags, flags), action)
}

/// No IPv6 address but those that we give it: the kernel shall make none up.
pub(crate) fn without_own_ipv6(index: u32) -> Message {
    let mut message = set_link(index, 0, "keep the kernel's IPv6 addresses off a link");
    message.nest(26, |families| {
        families.nest(10, |inner| {
            inner.bytes(8, &[1]);
        });
    });
    message
}

/// Brings the host's end up; 127.0.0.1 as a source may leave by it (for ports published to localhost).
pub(crate) fn up_on_host(index: u32) -> Message {
    let mut message = set_link(index, UP, "bring a link up");
    message.nest(26, |families| {
        families.nest(2, |inner| {
            // IPV4_DEVCONF_ROUTE_LOCALNET, _SEND_REDIRECTS, _RP_FILTER of linux/ip.h. The rules check sources; the kernel
            // would also ask where marked packets go back to (`src_valid_mark`, which VPNs set), so it shall be loose.
            inner.nest(1, |conf| {
                conf.ne32(26, 1).ne32(6, 0).ne32(8, LOOSE);
            });
        });
    });
    message
}

/// Brings a link up.
pub(crate) fn up(index: u32) -> Message {
    set_link(index, UP, "bring a link up")
}

/// Deletes a link, and with it its far end and routes.
pub(crate) fn delete(index: u32) -> Message {
    Message::new(DELETE_LINK, 0, &link_header(index, 0, 0), "delete a link")
}

/// Gives a link an address, of nobody else on it, that may be a source for anything.
pub(crate) fn address(index: u32, address: impl Into<IpAddr>) -> Message {
    scoped_address(index, address.into(), 0)
}

/// The same, but never chosen as a source: the scope is the host (`RT_SCOPE_HOST`), or it is not preferred from the start.
pub(super) fn hidden_address(index: u32, address: impl Into<IpAddr>) -> Message {
    let address = address.into();
    let mut message = scoped_address(index, address, 254);
    if address.is_ipv6() {
        // IFA_CACHEINFO: preferred for no time, valid for ever.
        message.bytes(6, &[[0; 4], [0xff; 4], [0; 4], [0; 4]].concat());
    }
    message
}

fn scoped_address(index: u32, address: IpAddr, scope: u8) -> Message {
    let family = Family::of(address);
    // IFA_F_NODAD: nobody else can have an IPv6 address that we give, and it is there at once.
    let flags = if address.is_ipv6() { 2 } else { 0 };
    let mut header = [family.number(), family.bits(), flags, scope, 0, 0, 0, 0];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    let mut message =
        Message::new(NEW_ADDRESS, CREATE | REPLACE, &header, format!("give a link the address {address}"));
    message.address(2, address).address(1, address);
    message
}

/// A fixed hardware address, so that nobody has to ask for it.
pub(crate) fn neighbour(index: u32, address: impl Into<IpAddr>, mac: [u8; 6]) -> Message {
    let address = address.into();
    let mut header = [Family::of(address).number(), 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    let mut message =
        Message::new(NEW_NEIGHBOUR, CREATE | REPLACE, &header, format!("fix the neighbour {address}"));
    message.address(1, address).bytes(2, &mac);
    message
}

/// Where a route leads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) destination: IpAddr,
    pub(crate) bits: u8,
    pub(crate) gateway: Option<IpAddr>,
    pub(crate) source: Option<IpAddr>,
}

fn route_message(kind: u16, flags: u16, index: u32, route: &Route, action: String) -> Message {
    // Table main; scope link without a gateway; unicast.
    let scope = if route.gateway.is_some() { 0 } else { 253 };
    let family = Family::of(route.destination).number();
    let header = [family, route.bits, 0, 0, 254, ROUTE_PROTOCOL, scope, 1, 0, 0, 0, 0];
    let mut message = Message::new(kind, flags, &header, action);
    if route.bits > 0 {
        message.address(1, route.destination);
    }
    if let Some(gateway) = route.gateway {
        message.address(5, gateway);
    }
    if let Some(source) = route.source {
        message.address(7, source);
    }
    message.ne32(4, index);
    message
}

/// Adds or replaces a route.
pub(crate) fn route(index: u32, route: &Route) -> Message {
    let action = format!("add the route to {}/{}", route.destination, route.bits);
    route_message(NEW_ROUTE, CREATE | REPLACE, index, route, action)
}

/// The host's route to a container's address.
pub(crate) fn host_route(destination: impl Into<IpAddr>) -> Route {
    let destination = destination.into();
    Route { destination, bits: Family::of(destination).bits(), gateway: None, source: None }
}

/// Lets packets to ::1 come in by a link: replies to what the host sent from there to a port of its own, which leads to a task.
/// Without it they have no route (IPv6 has no `route_localnet`). Packets that are sent to ::1 are dropped before.
pub(super) fn loopback_route(index: u32) -> Message {
    // Table local, of type local; the metric is the link's own, so that it takes the place of no other's.
    let header = [Family::V6.number(), 128, 0, 0, 255, ROUTE_PROTOCOL, 0, 2, 0, 0, 0, 0];
    let action = "let replies for ::1 come in by a link";
    let mut message = Message::new(NEW_ROUTE, CREATE | REPLACE, &header, action);
    message.address(1, Ipv6Addr::LOCALHOST).ne32(4, index).ne32(6, LOOPBACK_METRIC.saturating_add(index));
    message
}

/// Deletes a container's host route.
pub(crate) fn delete_route(index: u32, destination: IpAddr) -> Message {
    let action = format!("delete the route to {destination}");
    route_message(DELETE_ROUTE, 0, index, &host_route(destination), action)
}

/// Finds a link by name.
pub(crate) fn find(socket: &mut NetlinkSocket, name: &str) -> Result<Option<u32>> {
    let mut message = Message::new(GET_LINK, 0, &link_header(0, 0, 0), format!("find the link {name}"));
    message.text(3, name);
    match socket.ask(message) {
        Ok(answers) => Ok(answers.first().and_then(|body| read_u32(body, 4))),
        Err(NetworkError::Refused { source: Errno::ENODEV, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// All links of ours.
pub(crate) fn ours(socket: &mut NetlinkSocket) -> Result<Vec<Link>> {
    let answers = socket.dump(Message::new(GET_LINK, 0, &link_header(0, 0, 0), "list the links"))?;
    let links = answers.iter().filter_map(|body| {
        let attributes = body.get(16..)?;
        let name = text(first_attribute(attributes, 3)?);
        let group = first_attribute(attributes, 27).and_then(|value| read_u32(value, 0))?;
        Some(Link { index: read_u32(body, 4)?, name, group })
    });
    Ok(links.filter(|link| link.group == LINK_GROUP && link.name.starts_with("sk")).collect())
}

/// A link, and an address that a route leads to by it.
pub(crate) type Led = (u32, IpAddr);

/// The links that are up, and where the routes to single addresses lead.
pub(crate) fn state(socket: &mut NetlinkSocket) -> Result<(BTreeSet<u32>, BTreeSet<Led>)> {
    let links = socket.dump(Message::new(GET_LINK, 0, &link_header(0, 0, 0), "list the links"))?;
    let index_if_up = |body: &Vec<u8>| {
        // `ifi_flags` of linux/rtnetlink.h.
        let up = read_u32(body, 8)? & UP != 0;
        read_u32(body, 4).filter(|_| up)
    };
    let mut led = BTreeSet::new();
    for family in Family::ALL {
        let to_one = |body: &Vec<u8>| {
            let attributes = body.get(12..)?;
            // Of the main table, whole addresses.
            let main =
                [body.first()?, body.get(1)?, body.get(4)?] == [&family.number(), &family.bits(), &254];
            let address = from_octets(first_attribute(attributes, 1)?)?;
            let link = first_attribute(attributes, 4).and_then(|value| read_u32(value, 0))?;
            main.then_some((link, address))
        };
        let header = [family.number(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        match socket.dump(Message::new(GET_ROUTE, 0, &header, "list the routes")) {
            Ok(routes) => led.extend(routes.iter().filter_map(to_one)),
            // A kernel without IPv6 has no routes of it.
            Err(NetworkError::Refused { .. }) if family == Family::V6 => {}
            Err(error) => return Err(error),
        }
    }
    Ok((links.iter().filter_map(index_if_up).collect(), led))
}

/// All that a container's side of a link needs; to be called in its namespace.
pub(crate) fn configure_container(addresses: &[Address], egress_source: Option<Ipv4Addr>) -> Result<()> {
    let mut socket = NetlinkSocket::route()?;
    let missing = NetworkError::Answer { action: "find eth0 in the container".into() };
    let eth0 = find(&mut socket, "eth0")?.ok_or(missing)?;
    let loopback = find(&mut socket, "lo")?.unwrap_or(1);
    socket.each(&[without_own_ipv6(eth0)])?;
    let mut messages = vec![up(loopback), up(eth0)];
    let sourced = |entry: &Address| egress_source.is_none_or(|source| entry.address == source);
    let source = addresses.iter().find(|entry| sourced(entry)).or(addresses.first());
    let four = |entry: &Address| {
        let subnet = entry.subnet;
        let first = Ipv4Addr::from_bits(subnet.address.to_bits() & subnet.mask());
        Some((entry.address.into(), first.into(), subnet.prefix_bits))
    };
    messages.extend(container_routes(eth0, GATEWAY.into(), addresses, source, four));
    if addresses.iter().any(|entry| entry.subnet6.is_some()) {
        // Before the link comes up; nothing is learned from routers, of which there are none.
        for (name, value) in [("disable_ipv6", "0"), ("accept_ra", "0"), ("autoconf", "0")] {
            sysctl::write(&format!("net/ipv6/conf/eth0/{name}"), value)?;
        }
        let six = |entry: &Address| {
            let subnet = entry.subnet6?;
            Some((entry.address6()?.into(), subnet.first().into(), subnet.prefix_bits))
        };
        let source = source.filter(|entry| entry.subnet6.is_some());
        let source =
            source.or_else(|| addresses.iter().find(|entry| entry.subnet6.is_some() && !entry.internal));
        messages.extend(container_routes(eth0, GATEWAY6.into(), addresses, source, six));
    }
    socket.all(&messages, &[])
}

/// An address, and the first one and prefix length of its subnet.
type Placed = (IpAddr, IpAddr, u8);

/// The addresses of one family, and the routes from them: each network is talked to from the address on it, all else from that of
/// `source`.
fn container_routes(
    eth0: u32,
    gateway: IpAddr,
    addresses: &[Address],
    source: Option<&Address>,
    placed: impl Fn(&Address) -> Option<Placed>,
) -> Vec<Message> {
    let all: Vec<Placed> = addresses.iter().filter_map(&placed).collect();
    let mut messages: Vec<_> = all.iter().map(|(own, ..)| address(eth0, *own)).collect();
    messages.push(route(eth0, &host_route(gateway)));
    messages.push(neighbour(eth0, gateway, GATEWAY_MAC));
    let gateway = Some(gateway);
    messages.extend(all.iter().map(|(own, destination, bits)| {
        route(eth0, &Route { destination: *destination, bits: *bits, gateway, source: Some(*own) })
    }));
    let any = all.first().map(|(own, ..)| *own);
    let source = source.and_then(|entry| Some(placed(entry)?.0)).or(any);
    let family = gateway.map_or(Family::V4, Family::of);
    messages.push(route(eth0, &Route { destination: family.unspecified(), bits: 0, gateway, source }));
    messages
}

/// All that the host's side of a link needs.
pub(crate) fn configure_host(socket: &mut NetlinkSocket, index: u32, addresses: &[Address]) -> Result<()> {
    let mut messages = vec![up_on_host(index), address(index, GATEWAY)];
    if addresses.iter().any(|entry| entry.subnet6.is_some()) {
        messages.extend([address(index, GATEWAY6), loopback_route(index)]);
    }
    let mac = container_mac(addresses);
    for own in addresses.iter().flat_map(Address::both) {
        messages.push(route(index, &host_route(own)));
        messages.push(neighbour(index, own, mac));
    }
    socket.all(&messages, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_an_interface() {
        let name = link_name("1f2e3d4c5b6a");
        assert_eq!(name.len(), 14);
        assert_ne!(name, link_name("1f2e3d4c5b6b"));
    }
}
