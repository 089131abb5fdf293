use std::net::Ipv4Addr;

use crate::{Labels, NetworkId, Subnet, Subnet6};

/// A network that tasks attach to.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct NetworkSpec {
    /// Its name, unique in the swarm.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// True when nothing on it may reach outside.
    pub internal: bool,
    /// True for the one network that carries published ports' traffic.
    pub ingress: bool,
    /// The subnet asked for; the allocator takes one from the pool when none.
    pub subnet: Option<Subnet>,
    /// True when its packets go to other nodes encrypted, or not at all.
    pub encrypted: bool,
    /// The part of the subnet that addresses are given out from; all of it when none.
    pub ip_range: Option<Subnet>,
    /// The address within the subnet that is never given out; the subnet's first one when none.
    pub gateway: Option<Ipv4Addr>,
    /// True when plain containers may attach.
    pub attachable: bool,
    /// The driver's options as they were given; what they say stands in the fields above.
    pub options: Labels,
    /// True when it has IPv6 addresses beside its IPv4 ones; the ingress network has them in any case.
    pub ipv6: bool,
    /// The IPv6 subnet asked for; one below the swarm's own prefix when none.
    pub subnet6: Option<Subnet6>,
}

/// A service's wish to be on a network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct NetworkAttachment {
    /// Which network.
    pub target: NetworkTarget,
    /// Further names of the service on this network.
    pub aliases: Vec<String>,
}

/// A network as users name it and as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum NetworkTarget {
    /// By name; never in the store.
    Name(String),
    /// By id.
    Id(NetworkId),
}

impl NetworkTarget {
    /// The id, once it is known.
    pub fn id(&self) -> Option<NetworkId> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Name(_) => None,
        }
    }
}
