use std::net::IpAddr;

use skep_model::{Subnet, Subnet6};

use crate::family::Family;

/// A subnet of either family, as the rules know it: from its first address to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Range {
    first: IpAddr,
    last: IpAddr,
}

impl Range {
    pub(crate) fn new(first: IpAddr, last: IpAddr) -> Self {
        Self { first, last }
    }

    /// That of a network in the family; none where it has none.
    pub(crate) fn of(family: Family, subnet: Subnet, subnet6: Option<Subnet6>) -> Option<Self> {
        match family {
            Family::V4 => Some(subnet.into()),
            Family::V6 => subnet6.map(Self::from),
        }
    }

    /// The first and last address.
    pub(crate) fn edges(self) -> [IpAddr; 2] {
        [self.first, self.last]
    }

    /// The address behind the last one; none when that is the last of all.
    pub(crate) fn behind(self) -> Option<IpAddr> {
        match self.last {
            IpAddr::V4(last) => Some(IpAddr::V4(last.to_bits().checked_add(1)?.into())),
            IpAddr::V6(last) => Some(IpAddr::V6(last.to_bits().checked_add(1)?.into())),
        }
    }
}

impl From<Subnet> for Range {
    fn from(subnet: Subnet) -> Self {
        let first = subnet.address.to_bits() & subnet.mask();
        Self::new(std::net::Ipv4Addr::from_bits(first).into(), subnet.last().into())
    }
}

impl From<Subnet6> for Range {
    fn from(subnet: Subnet6) -> Self {
        Self::new(subnet.first().into(), subnet.last().into())
    }
}
