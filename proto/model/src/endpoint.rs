//! The endpoint table: what a node's network must know to reach services.
//!
//! Managers compute it from the store in Raft order and hand it to each node through its dispatcher session: first the complete
//! desired state, then what became different.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use crate::{Invalid, NetworkId, NodeId, Protocol, ServiceId, Subnet6, TaskId, TunnelKey};

/// Everything that one node's network must know about services, at one version of the store; or, when `partial`, what became
/// different since the table before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct EndpointTable {
    /// The store's version that the table was computed from; only grows.
    pub version: u64,
    /// The networks that the node takes part in.
    pub networks: Vec<EndpointNetwork>,
    /// The services on these networks or with published ports.
    pub services: Vec<EndpointService>,
    /// The node itself, as others reach it; none where there is no tunnel to other nodes.
    pub own: Option<Peer>,
    /// The other nodes.
    pub peers: Vec<Peer>,
    /// The UDP port of every node's tunnel; zero stands for [`crate::limits::TUNNEL_PORT_DEFAULT`].
    pub tunnel_port: u16,
    /// True when whatever is neither named nor gone is as in the table before. `own` and `tunnel_port` are always named.
    pub partial: bool,
    /// With `partial`: networks that the node needs no more.
    pub networks_gone: Vec<NetworkId>,
    /// With `partial`: services that are no more, or concern the node no more.
    pub services_gone: Vec<ServiceId>,
    /// With `partial`: nodes that left, or are not reached any more.
    pub peers_gone: Vec<NodeId>,
}

/// A node as others reach its end of the tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Peer {
    /// The node.
    pub node: NodeId,
    /// Its number, from 1 to [`crate::limits::PEER_NUMBER_MAX`]: no two nodes of a swarm have the same at one time.
    pub number: u16,
    /// The address at which its tunnel is reached and from which it sends.
    pub address: Ipv4Addr,
    /// Its key for encrypted networks, as managers know it; none while it has not told them one.
    pub key: Option<TunnelKey>,
    /// Whether its containers have IPv6: others lead none of it there.
    pub ipv6: bool,
}

/// A network as a node's network code sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct EndpointNetwork {
    /// The network.
    pub id: NetworkId,
    /// Its name, e.g. `shop_default`.
    pub name: String,
    /// The addresses that tasks and VIPs are taken from.
    pub subnet: Subnet,
    /// Where their IPv6 addresses are, see [`Subnet6::derive`]; none without IPv6.
    pub subnet6: Option<Subnet6>,
    /// True when nothing on it may reach outside.
    pub internal: bool,
    /// True when its packets go to other nodes encrypted, or not at all.
    pub encrypted: bool,
}

/// An IPv4 subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Subnet {
    /// The first address, with all host bits zero.
    pub address: Ipv4Addr,
    /// Bits of the network part, 0 to 32.
    pub prefix_bits: u8,
}

impl Subnet {
    /// The bits of the network part, as a mask.
    pub fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.prefix_bits.min(32))).unwrap_or(0)
    }

    /// Whether the address is in it.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & self.mask() == self.address.to_bits() & self.mask()
    }

    /// Whether the two share an address.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }

    /// Whether `address` is not the first of the subnet.
    pub fn host_bits_set(self) -> bool {
        self.address.to_bits() & !self.mask() != 0
    }

    /// Its address with this host part; none when the part does not fit or names the network or broadcast address.
    pub fn host(self, part: u32) -> Option<Ipv4Addr> {
        let usable = part != 0 && part < !self.mask();
        usable.then(|| Ipv4Addr::from_bits((self.address.to_bits() & self.mask()) | part))
    }

    /// Its last address.
    pub fn last(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.address.to_bits() | !self.mask())
    }

    /// How many host parts [`Self::host`] accepts: 1 to this number.
    pub fn hosts(self) -> u32 {
        (!self.mask()).saturating_sub(1)
    }
}

impl FromStr for Subnet {
    type Err = Invalid;

    /// Reads `10.0.0.0/8`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new("subnet", format!("'{text}' is not a subnet like 10.0.0.0/8"));
        let (address, bits) = text.split_once('/').ok_or_else(wrong)?;
        let subnet = Self {
            address: address.parse().map_err(|_| wrong())?,
            prefix_bits: bits.parse().map_err(|_| wrong())?,
        };
        if subnet.prefix_bits > 32 { Err(wrong()) } else { Ok(subnet) }
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.prefix_bits)
    }
}

/// One service as seen by DNS and the balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct EndpointService {
    /// The service.
    pub id: ServiceId,
    /// Its full name, e.g. `shop_front`.
    pub name: String,
    /// Its address and names on each of its networks.
    pub vips: Vec<Vip>,
    /// Ports published on every node's ingress.
    pub published: Vec<PublishedPort>,
    /// Its tasks that may get traffic or be looked up by name.
    pub backends: Vec<Backend>,
    /// True when connections from one address go to one task, as long as the tasks stay the same; else each goes to the next.
    pub by_source: bool,
    /// True when connections go to tasks of the node where they arrive, if it has any.
    pub prefer_local: bool,
}

/// A service's virtual address and names on one network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Vip {
    /// The network.
    pub network: NetworkId,
    /// The virtual address; none with endpoint mode dnsrr.
    pub address: Option<Ipv4Addr>,
    /// Further names on this network only, e.g. `front`.
    pub aliases: Vec<String>,
}

/// A port of every node that leads to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct PublishedPort {
    /// The transport protocol.
    pub protocol: Protocol,
    /// The port on the node, 1 to 65535.
    pub published: u16,
    /// The port in the task, 1 to 65535.
    pub target: u16,
    /// The node's address on which alone it is published; none for all of them.
    pub address: Option<IpAddr>,
}

/// One task of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Backend {
    /// The task.
    pub task: TaskId,
    /// The name that a user sees, e.g. `shop_front.2`.
    pub name: String,
    /// Where it runs.
    pub node: NodeId,
    /// Its address on each network it is on, the ingress network included.
    pub addresses: Vec<(NetworkId, Ipv4Addr)>,
    /// True when it may get new connections.
    pub ready: bool,
}
