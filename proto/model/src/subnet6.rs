use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::{ClusterId, Invalid, Subnet};

/// Bits of an IPv6 address above those that an IPv4 address fills.
const ABOVE_IPV4: u8 = 96;
/// Bits of a swarm's own prefix: `fd` and 40 of its own (RFC 4193).
const SWARM_PREFIX_BITS: u8 = 48;

/// An IPv6 subnet. Its addresses are not given out one by one: each is derived from an address of the network's IPv4 subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Subnet6 {
    /// The first address, with all host bits zero.
    pub address: Ipv6Addr,
    /// Bits of the network part, 0 to 128.
    pub prefix_bits: u8,
}

impl Subnet6 {
    /// The swarm's own prefix, which nobody else is likely to have: 40 bits of the cluster's id, which are random.
    pub fn of_swarm(cluster: ClusterId) -> Self {
        let own = cluster.value() & 0xff_ffff_ffff;
        Self { address: Ipv6Addr::from_bits((0xfd << 120) | (own << 80)), prefix_bits: SWARM_PREFIX_BITS }
    }

    /// The subnet below the swarm's prefix for a network that did not ask for another: nobody else's, as the IPv4 subnet is
    /// nobody else's.
    pub fn chosen(cluster: ClusterId, subnet: Subnet) -> Self {
        let first = u128::from(subnet.address.to_bits() & subnet.mask());
        let address = Ipv6Addr::from_bits(Self::of_swarm(cluster).address.to_bits() | first);
        Self { address, prefix_bits: ABOVE_IPV4 + subnet.prefix_bits.min(32) }
    }

    /// The bits of the network part, as a mask.
    pub fn mask(self) -> u128 {
        u128::MAX.checked_shl(128 - u32::from(self.prefix_bits.min(128))).unwrap_or(0)
    }

    /// Whether the address is in it.
    pub fn contains(self, address: Ipv6Addr) -> bool {
        address.to_bits() & self.mask() == self.first().to_bits()
    }

    /// Whether the two share an address.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }

    /// Whether `address` is not the first of the subnet.
    pub fn host_bits_set(self) -> bool {
        self.address != self.first()
    }

    /// Its first address.
    pub fn first(self) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.address.to_bits() & self.mask())
    }

    /// Its last address.
    pub fn last(self) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.address.to_bits() | !self.mask())
    }

    /// The longest prefix of a subnet that has an address for each one of an IPv4 subnet with this prefix.
    pub fn prefix_bits_max(ipv4_prefix_bits: u8) -> u8 {
        ABOVE_IPV4 + ipv4_prefix_bits.min(32)
    }

    /// The IPv6 address of whoever has this one of the network's IPv4 subnet; none when it is not in that, or this subnet is too
    /// small for it.
    pub fn derive(self, subnet: Subnet, address: Ipv4Addr) -> Option<Ipv6Addr> {
        let part = u128::from(address.to_bits() & !subnet.mask());
        let fits = subnet.contains(address) && part & self.mask() == 0;
        fits.then(|| Ipv6Addr::from_bits(self.first().to_bits() | part))
    }

    /// The IPv4 address behind one that [`Self::derive`] gave; none for others.
    pub fn origin(self, subnet: Subnet, address: Ipv6Addr) -> Option<Ipv4Addr> {
        let part = u32::try_from(address.to_bits() & !self.mask()).ok().filter(|_| self.contains(address))?;
        let fits = part & subnet.mask() == 0;
        fits.then(|| Ipv4Addr::from_bits((subnet.address.to_bits() & subnet.mask()) | part))
    }
}

impl FromStr for Subnet6 {
    type Err = Invalid;

    /// Reads `fd00:1::/64`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new("subnet", format!("'{text}' is not a subnet like fd00:1::/64"));
        let (address, bits) = text.split_once('/').ok_or_else(wrong)?;
        let subnet = Self {
            address: address.parse().map_err(|_| wrong())?,
            prefix_bits: bits.parse().map_err(|_| wrong())?,
        };
        if subnet.prefix_bits > 128 { Err(wrong()) } else { Ok(subnet) }
    }
}

impl fmt::Display for Subnet6 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.prefix_bits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_chosen_subnet_embeds_the_ipv4_one_below_the_swarms_prefix() {
        let cluster = ClusterId::new(0xffff_0000_1234_5678_9abc_def0_1122_3344);
        let subnet = "10.0.1.0/24".parse().unwrap();
        let chosen = Subnet6::chosen(cluster, subnet);
        assert_eq!(Subnet6::of_swarm(cluster).to_string(), "fdf0:1122:3344::/48");
        assert_eq!(chosen.to_string(), "fdf0:1122:3344::a00:100/120");
        let address = Ipv4Addr::new(10, 0, 1, 5);
        let derived = chosen.derive(subnet, address).unwrap();
        assert_eq!(derived.to_string(), "fdf0:1122:3344::a00:105");
        assert_eq!(chosen.origin(subnet, derived), Some(address));
        assert_eq!(chosen.derive(subnet, Ipv4Addr::new(10, 0, 2, 5)), None);
    }

    #[test]
    fn a_wide_subnet_is_filled_from_its_start() {
        let (wide, subnet): (Subnet6, Subnet) =
            ("fd00:1::/64".parse().unwrap(), "10.5.0.0/16".parse().unwrap());
        let derived = wide.derive(subnet, Ipv4Addr::new(10, 5, 2, 1)).unwrap();
        assert_eq!(derived.to_string(), "fd00:1::201");
        for strange in ["fd00:1::1:0", "fd00:1:0:0:1::201", "fd00:2::201"] {
            assert_eq!(wide.origin(subnet, strange.parse().unwrap()), None, "{strange}");
        }
        let small: Subnet6 = "fd00:1::/120".parse().unwrap();
        assert_eq!(small.derive(subnet, Ipv4Addr::new(10, 5, 2, 1)), None);
    }

    #[test]
    fn only_subnets_are_read() {
        for wrong in ["", "fd00::", "fd00::/129", "10.0.0.0/8", "fd00::/x", "x/64"] {
            assert!(wrong.parse::<Subnet6>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn derived_addresses_differ_and_lead_back(id: u128, four in 8_u8..=29, part: u32, other: u32) {
            let subnet = Subnet { address: Ipv4Addr::new(10, 0, 0, 0), prefix_bits: four };
            let six = Subnet6::chosen(ClusterId::new(id), subnet);
            let at = |part: u32| Ipv4Addr::from_bits(subnet.address.to_bits() | (part & !subnet.mask()));
            let derived = six.derive(subnet, at(part)).unwrap();
            prop_assert!(six.contains(derived) && Subnet6::of_swarm(ClusterId::new(id)).contains(derived));
            prop_assert_eq!(six.origin(subnet, derived), Some(at(part)));
            prop_assert_eq!(six.derive(subnet, at(other)) == Some(derived), at(other) == at(part));
        }
    }
}
