use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use crate::{ClusterId, Meta, NetworkId, NetworkSpec, Subnet, Subnet6};

/// A network.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Network {
    /// Its id.
    pub id: NetworkId,
    /// Version and times.
    pub meta: Meta,
    /// What was asked for.
    pub spec: NetworkSpec,
    /// Its addresses, once the allocator gave it some.
    pub subnet: Option<Subnet>,
    /// Its IPv6 subnet, once the allocator gave it one; none without IPv6. Whoever has an address of `subnet` has the one in this
    /// that is derived from it.
    pub subnet6: Option<Subnet6>,
    /// Host part of the address given out last, within the subnet: the search for a free one goes on behind it, so that an address rests
    /// as long as possible before it is used again.
    pub address_cursor: u32,
    /// True when it was removed by its owner and only waits for the last tasks on it to end.
    pub removing: bool,
}

impl Network {
    /// The address that is never given out; none while it has no subnet.
    pub fn gateway(&self) -> Option<Ipv4Addr> {
        self.spec.gateway.or_else(|| self.subnet?.host(1))
    }

    /// The IPv6 address of whoever has this IPv4 one on the network; none without IPv6.
    pub fn ipv6_of(&self, address: Ipv4Addr) -> Option<Ipv6Addr> {
        self.subnet6?.derive(self.subnet?, address)
    }

    /// The IPv6 subnet that it is to have, as soon as its IPv4 one is there.
    pub fn wanted_subnet6(&self, cluster: ClusterId) -> Option<Subnet6> {
        let subnet = self.subnet.filter(|_| self.spec.ipv6 || self.spec.ingress)?;
        Some(self.spec.subnet6.unwrap_or_else(|| Subnet6::chosen(cluster, subnet)))
    }

    /// The first and last of the addresses that may be given out, the gateway's included; none while it has no subnet.
    pub fn assignable(&self) -> Option<RangeInclusive<Ipv4Addr>> {
        let subnet = self.subnet?;
        let (first, last) = (subnet.host(1)?, subnet.host(subnet.hosts())?);
        let range = self.spec.ip_range.filter(|range| subnet.contains(range.address)).unwrap_or(subnet);
        Some(first.max(range.address)..=last.min(range.last()))
    }
}
