use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use skep_model::{EndpointTable, Subnet, Subnet6};

use crate::Address;

/// Which IPv6 address stands beside an IPv4 one, on the networks that have IPv6.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Twins {
    /// By the last address of the IPv4 subnet.
    subnets: BTreeMap<Ipv4Addr, (Subnet, Subnet6)>,
    /// Addresses that have none beside them all the same.
    lonely: BTreeSet<Ipv4Addr>,
}

impl Twins {
    /// Those on the table's networks.
    pub(crate) fn new(table: &EndpointTable) -> Self {
        let subnets = table.networks.iter().map(|network| (network.subnet, network.subnet6));
        Self::default().with(subnets)
    }

    /// And those of this host's containers, which may come before a table does, or before their network has IPv6: what has no
    /// address of it gets none later.
    pub(crate) fn and_of<'a>(mut self, addresses: impl Iterator<Item = &'a Address> + Clone) -> Self {
        let lonely = addresses.clone().filter(|entry| entry.subnet6.is_none());
        self.lonely.extend(lonely.map(|entry| entry.address));
        self.with(addresses.map(|entry| (entry.subnet, entry.subnet6)))
    }

    fn with(mut self, subnets: impl Iterator<Item = (Subnet, Option<Subnet6>)>) -> Self {
        self.subnets.extend(subnets.filter_map(|(subnet, six)| Some((subnet.last(), (subnet, six?)))));
        self
    }

    /// Whether no network has IPv6.
    pub(crate) fn are_none(&self) -> bool {
        self.subnets.is_empty()
    }

    /// The address beside this one.
    pub(crate) fn of(&self, address: Ipv4Addr) -> Option<Ipv6Addr> {
        let (_, (subnet, six)) = self.subnets.range(address..).next()?;
        six.derive(*subnet, address).filter(|_| !self.lonely.contains(&address))
    }

    /// The address, and the one beside it.
    pub(crate) fn both(&self, address: Ipv4Addr) -> impl Iterator<Item = IpAddr> + use<> {
        std::iter::once(address.into()).chain(self.of(address).map(IpAddr::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_on_networks_with_ipv6_have_one_beside_them() {
        let mut table = crate::lab::table(1, Vec::new());
        assert!(Twins::new(&table).are_none());
        table.networks[0].subnet6 = "fd00:1::/64".parse().ok();
        table.networks[2].subnet6 = "fd00:3::/64".parse().ok();
        let twins = Twins::new(&table);
        let of = |address: [u8; 4]| twins.of(address.into()).map(|address| address.to_string());
        assert_eq!(of([10, 0, 1, 5]).as_deref(), Some("fd00:1::5"));
        assert_eq!(of([10, 0, 3, 255]).as_deref(), Some("fd00:3::ff"));
        for none in [[10, 0, 2, 5], [10, 0, 0, 5], [10, 0, 4, 5], [9, 0, 0, 1], [255; 4]] {
            assert_eq!(of(none), None, "{none:?}");
        }
        let attached = [crate::lab::on(1, 5), crate::lab::on6(1, 6)];
        let twins = twins.and_of(attached.iter());
        assert_eq!(attached.map(|entry| twins.of(entry.address).is_some()), [false, true]);
    }
}
