use std::net::Ipv4Addr;

use nix::errno::Errno;

use super::{Found, Number};
use crate::host::links::{
    CREATE, EXCLUSIVE, NEW_LINK, UP, delete, hidden_address, link_header, set_link, without_ipv6,
};
use crate::netlink::{Message, NetlinkSocket, first_attribute, read_u32, text};
use crate::sysctl::source_check_of_tunnel;
use crate::{NetworkError, Result};

/// What the tunnel's link is called.
pub(crate) const NAME: &str = "skep-vx";
/// The group of the tunnel's link ("sv"); the rules match on it.
pub(crate) const TUNNEL_GROUP: u32 = 0x7376;
/// The VXLAN network identifier of every tunnel of ours ("skp"); 24 bits.
pub(crate) const VNI: u32 = 0x0073_6b70;
const KIND: &str = "vxlan";

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

/// This node's end of the tunnel: one link, whoever is at the other ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) number: Number,
    /// The address that it sends from.
    pub(crate) address: Ipv4Addr,
    /// The UDP port, here and at the other ends.
    pub(crate) port: u16,
    /// The biggest packet within, in bytes.
    pub(crate) mtu: u32,
}

impl Device {
    /// Makes the link and brings it up; gives its index. Nothing stays of one that cannot be brought up, as when another
    /// program has the port.
    pub(crate) fn make(&self, socket: &mut NetlinkSocket) -> Result<u32> {
        socket.all(&[self.message()], &[])?;
        let missing = NetworkError::Answer { action: format!("find the link {NAME}") };
        let index = Found::look(socket)?.ok_or(missing)?.index;
        // A kernel without IPv6 refuses, and has none to keep off.
        socket.each(&[without_ipv6(index)])?;
        // On a link without any address the kernel's loose check of sources is as the strict one.
        let ready = [hidden_address(index, self.number.hop()), up_as_tunnel(index)];
        if let Err(error) = socket.all(&ready, &[]) {
            socket.all(&[delete(index)], &[Errno::ENODEV])?;
            return Err(error);
        }
        Ok(index)
    }

    fn message(&self) -> Message {
        let action = format!("make the tunnel's link {NAME}");
        let mut message = Message::new(NEW_LINK, CREATE | EXCLUSIVE, &link_header(0, 0, 0), action);
        message.text(IFNAME, NAME).bytes(ADDRESS, &self.number.mac());
        message.ne32(MTU, self.mtu).ne32(GROUP, TUNNEL_GROUP);
        message.nest(LINKINFO, |info| {
            info.text(INFO_KIND, KIND).nest(INFO_DATA, |data| {
                data.ne32(VXLAN_ID, VNI).address(VXLAN_LOCAL, self.address);
                // Managers say who is where; what packets claim is not believed.
                data.bytes(VXLAN_LEARNING, &[0]).bytes(VXLAN_PORT, &self.port.to_be_bytes());
                data.bytes(VXLAN_DF, &[AS_INSIDE]);
            });
        });
        message
    }

    /// From a link's attributes; none when it is not such as we make them.
    pub(super) fn read(attributes: &[u8]) -> Option<Self> {
        let info = first_attribute(attributes, LINKINFO)?;
        let data = first_attribute(info, INFO_DATA)?;
        let kind = first_attribute(info, INFO_KIND).map(text)?;
        let vni = first_attribute(data, VXLAN_ID).and_then(|value| read_u32(value, 0))?;
        let as_ours =
            first_attribute(data, VXLAN_LEARNING)? == [0] && first_attribute(data, VXLAN_DF)? == [AS_INSIDE];
        if kind != KIND || vni != VNI || !as_ours {
            return None;
        }
        let local: [u8; 4] = first_attribute(data, VXLAN_LOCAL)?.try_into().ok()?;
        let port: [u8; 2] = first_attribute(data, VXLAN_PORT)?.try_into().ok()?;
        Some(Self {
            number: Number::of_mac(first_attribute(attributes, ADDRESS)?)?,
            address: local.into(),
            port: u16::from_be_bytes(port),
            mtu: first_attribute(attributes, MTU).and_then(|value| read_u32(value, 0))?,
        })
    }
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
