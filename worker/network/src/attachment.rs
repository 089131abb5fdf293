//! What a container asks of the host's network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;

use skep_model::{NetworkId, PublishedPort, Subnet, Subnet6, TaskId};

/// One container's place in the host's network.
#[derive(Debug)]
pub struct Attachment {
    /// The container's id: letters, digits, `-`, `_`, `.`.
    pub container: String,
    /// The task that it runs, when a service's.
    pub task: Option<TaskId>,
    /// Its network namespace; see [`crate::namespace_of`].
    pub namespace: OwnedFd,
    /// One address per network, taken by the managers; the first one on a network that is not internal is the source
    /// of what goes outside.
    pub addresses: Vec<Address>,
    /// Whether it may reach outside at all; internal networks never do.
    pub egress: bool,
    /// Further names on all its networks that containers of this host can look up: container name, hostname.
    pub names: Vec<String>,
    /// Whom its resolver asks for names that are not ours; empty: whom the host asks.
    pub nameservers: Vec<IpAddr>,
    /// Ports of this host that lead to this container alone (`skep run -p`, host mode).
    pub published: Vec<PublishedPort>,
}

/// An address on one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The network.
    pub network: NetworkId,
    /// The address on it.
    pub address: Ipv4Addr,
    /// The network's addresses.
    pub subnet: Subnet,
    /// The network's IPv6 addresses, of which the container has the one beside `address`; none without IPv6.
    pub subnet6: Option<Subnet6>,
    /// True when nothing on the network may reach outside.
    pub internal: bool,
}

impl Address {
    /// The IPv6 address beside it.
    pub fn address6(&self) -> Option<Ipv6Addr> {
        self.subnet6?.derive(self.subnet, self.address)
    }

    /// Both of its addresses.
    pub(crate) fn both(&self) -> impl Iterator<Item = IpAddr> {
        std::iter::once(self.address.into()).chain(self.address6().map(IpAddr::from))
    }
}

impl Attachment {
    /// The address that connections to the outside come from; none when there is no way out.
    pub(crate) fn egress_source(&self) -> Option<Ipv4Addr> {
        let outside = self.addresses.iter().find(|address| !address.internal);
        outside.filter(|_| self.egress).map(|address| address.address)
    }
}

/// What an attached container got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The host's end of its link.
    pub link: String,
    /// The hardware address of its `eth0`, e.g. `02:6b:0a:00:01:05`.
    pub mac: String,
}
