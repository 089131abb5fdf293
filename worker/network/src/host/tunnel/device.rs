use nix::errno::Errno;

use super::{Found, Kind, Number, Outer};
use crate::host::links::{
    CREATE, EXCLUSIVE, NEW_LINK, UP, delete, hidden_address, link_header, loopback_route, set_link,
    without_own_ipv6,
};
use crate::netlink::{Message, NetlinkSocket, first_attribute, read_u32, text};
use crate::seal::Tap;
use crate::sysctl::source_check_of_tunnel;
use crate::{NetworkError, Result};

/// The VXLAN network identifier of every tunnel of ours ("skp"); 24 bits.
pub(crate) const VNI: u32 = 0x0073_6b70;
/// The kinds of links as the kernel calls them.
const VXLAN: &str = "vxlan";
const TUN: &str = "tun";

// Attributes of linux/if_link.h: IFLA_*, IFLA_INFO_*, IFLA_VXLAN_*.
const ADDRESS: u16 = 1;
pub(super) const IFNAME: u16 = 3;
const MTU: u16 = 4;
const LINKINFO: u16 = 18;
const AF_SPEC: u16 = 26;
pub(super) const GROUP: u16 = 27;
const INFO_KIND: u16 = 1;
const INFO_DATA: u16 = 2;
const VXLAN_ID: u16 = 1;
const VXLAN_LOCAL: u16 = 4;
const VXLAN_LEARNING: u16 = 7;
const VXLAN_PORT: u16 = 15;
const VXLAN_DF: u16 = 29;
/// `VXLAN_DF_INHERIT`: packets around those that must not be cut are not cut either, so that probes find out what passes.
const AS_INSIDE: u8 = 2;
// IFLA_TUN_TYPE of the same, and IFF_TAP of linux/if_tun.h.
const TUN_TYPE: u16 = 3;
const TAP: u8 = 2;

/// This node's end of a link to other nodes, whoever is at the other ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) kind: Kind,
    pub(crate) number: Number,
    /// Where it is among the hosts; none of the sealed link, whose frames come to us.
    pub(crate) outer: Option<Outer>,
    /// The biggest packet within, in bytes.
    pub(crate) mtu: u32,
}

impl Device {
    /// Makes the link and brings it up; gives its index. Nothing stays of one that cannot be brought up, as when another
    /// program has the port.
    pub(crate) fn make(&self, socket: &mut NetlinkSocket) -> Result<u32> {
        let name = self.kind.name();
        match self.outer {
            Some(outer) => socket.all(&[self.vxlan(outer)], &[])?,
            None => self.make_tap(socket)?,
        }
        let missing = NetworkError::Answer { action: format!("find the link {name}") };
        let index = Found::look(socket, self.kind)?.ok_or(missing)?.index;
        // A kernel without IPv6 refuses, and makes none up.
        socket.each(&[without_own_ipv6(index)])?;
        // On a link without any address the kernel's loose check of sources is as the strict one.
        let ready = [hidden_address(index, self.number.hop()), up_as_tunnel(index)];
        if let Err(error) = socket.all(&ready, &[]) {
            socket.all(&[delete(index)], &[Errno::ENODEV])?;
            return Err(error);
        }
        Ok(index)
    }

    /// The address with which the host is seen on other nodes, and the way in for replies to ::1.
    pub(super) fn ready_for_ipv6(&self, index: u32) -> [Message; 2] {
        [hidden_address(index, self.number.shown6()), loopback_route(index)]
    }

    fn vxlan(&self, outer: Outer) -> Message {
        let mut message = self.message(CREATE | EXCLUSIVE);
        message.nest(LINKINFO, |info| {
            info.text(INFO_KIND, VXLAN).nest(INFO_DATA, |data| {
                data.ne32(VXLAN_ID, VNI).address(VXLAN_LOCAL, outer.address);
                // Managers say who is where; what packets claim is not believed.
                data.bytes(VXLAN_LEARNING, &[0]).bytes(VXLAN_PORT, &outer.port.to_be_bytes());
                data.bytes(VXLAN_DF, &[AS_INSIDE]);
            });
        });
        message
    }

    /// Such a link is made by opening it, and stays with its settings when it is closed.
    fn make_tap(&self, socket: &mut NetlinkSocket) -> Result<()> {
        Tap::open(self.kind.name())?.stay()?;
        socket.all(&[self.message(0)], &[])
    }

    /// What both links have.
    fn message(&self, flags: u16) -> Message {
        let name = self.kind.name();
        let action = format!("make the link {name} to other nodes");
        let mut message = Message::new(NEW_LINK, flags, &link_header(0, 0, 0), action);
        message.text(IFNAME, name).bytes(ADDRESS, &self.number.mac(self.kind));
        message.ne32(MTU, self.mtu).ne32(GROUP, self.kind.group());
        message
    }

    /// From a link's attributes; none when it is not such as we make them.
    pub(super) fn read(kind: Kind, attributes: &[u8]) -> Option<Self> {
        let info = first_attribute(attributes, LINKINFO)?;
        let data = first_attribute(info, INFO_DATA)?;
        let made = first_attribute(info, INFO_KIND).map(text)?;
        let outer = match kind {
            Kind::Plain => Some(outer(data).filter(|_| made == VXLAN)?),
            Kind::Sealed if made == TUN && first_attribute(data, TUN_TYPE)? == [TAP] => None,
            Kind::Sealed => return None,
        };
        Some(Self {
            kind,
            number: Number::of_mac(kind, first_attribute(attributes, ADDRESS)?)?,
            outer,
            mtu: first_attribute(attributes, MTU).and_then(|value| read_u32(value, 0))?,
        })
    }
}

/// From a VXLAN link's own attributes; none when it is not one of ours.
fn outer(data: &[u8]) -> Option<Outer> {
    let vni = first_attribute(data, VXLAN_ID).and_then(|value| read_u32(value, 0))?;
    let as_ours =
        first_attribute(data, VXLAN_LEARNING)? == [0] && first_attribute(data, VXLAN_DF)? == [AS_INSIDE];
    if vni != VNI || !as_ours {
        return None;
    }
    let local: [u8; 4] = first_attribute(data, VXLAN_LOCAL)?.try_into().ok()?;
    let port: [u8; 2] = first_attribute(data, VXLAN_PORT)?.try_into().ok()?;
    Some(Outer { address: local.into(), port: u16::from_be_bytes(port) })
}

/// Brings the link up. Sources of packets out of it are anybody's; 127.0.0.1 may leave by it until it is translated.
fn up_as_tunnel(index: u32) -> Message {
    let mut message = set_link(index, UP, "bring the tunnel's link up");
    message.nest(AF_SPEC, |families| {
        // AF_INET.
        families.nest(2, |inner| {
            // IFLA_INET_CONF: IPV4_DEVCONF_ROUTE_LOCALNET, _SEND_REDIRECTS, _RP_FILTER of linux/ip.h.
            inner.nest(1, |conf| {
                conf.ne32(26, 1).ne32(6, 0).ne32(8, source_check_of_tunnel());
            });
        });
    });
    message
}
