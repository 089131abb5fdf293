use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use skep_model::limits::PEER_NUMBER_MAX;

use super::Kind;
use crate::family::Family;

/// The upper half of the addresses within the tunnel: 169.254.0.0/16.
const HOP_PREFIX: u32 = 0xa9fe_0000;
/// Their lower half differs from the number in these bits, so that the first numbers have addresses that nobody else is
/// likely to have on a link: the route to a gateway that is the host's own is refused.
const HOP_BITS: u16 = 0x736b;
/// The upper half of the IPv6 next hops, which are link-local, and of the addresses with which hosts show themselves.
const HOP6_PREFIX: u128 = 0xfe80 << 112;
const SHOWN6_PREFIX: u128 = 0xfd73_6b65_7000 << 80;
/// What their last four bytes start with ("sk").
const LAST_BYTES: u32 = 0x736b_0000;
/// Lower halves that are somebody's already (169.254.1.1 is the containers' gateway, 169.254.169.254 the cloud's
/// metadata), and those of numbers that no node has, which stand in for them.
const TAKEN: [(u16, u16); 2] = [(0x0101, HOP_BITS), (0xa9fe, !HOP_BITS)];

/// A node's number in the swarm, and all that is derived from it, so that nobody needs to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(u16);

impl Number {
    /// None when no node may have it.
    pub(crate) fn new(number: u16) -> Option<Self> {
        (1..=PEER_NUMBER_MAX).contains(&number).then_some(Self(number))
    }

    /// The lowest.
    pub(crate) const FIRST: Self = Self(1);
    /// The highest.
    pub(crate) const LAST: Self = Self(PEER_NUMBER_MAX);

    pub(crate) fn value(self) -> u16 {
        self.0
    }

    /// The hardware address of its end of this link.
    pub(crate) fn mac(self, kind: Kind) -> [u8; 6] {
        let [a, b, c, d] = kind.mac_prefix();
        let [high, low] = self.0.to_be_bytes();
        [a, b, c, d, high, low]
    }

    /// The node behind a hardware address on this link.
    pub(crate) fn of_mac(kind: Kind, mac: &[u8]) -> Option<Self> {
        let end: [u8; 2] = mac.strip_prefix(&kind.mac_prefix())?.try_into().ok()?;
        Self::new(u16::from_be_bytes(end))
    }

    /// The mark of packets that go back to it by this link.
    pub(crate) fn mark(self, kind: Kind) -> u32 {
        let [a, b] = kind.mark_prefix();
        let [high, low] = self.0.to_be_bytes();
        u32::from_ne_bytes([a, b, high, low])
    }

    /// The routing table of these packets.
    pub(crate) fn table(self, kind: Kind) -> u32 {
        kind.table_prefix() | u32::from(self.0)
    }

    /// The node behind a routing table of this link.
    pub(crate) fn of_table(kind: Kind, table: u32) -> Option<Self> {
        let number = u16::try_from(table.checked_sub(kind.table_prefix())?).ok()?;
        Self::new(number)
    }

    /// Its address within the tunnel: the next hop of others' routes.
    pub(crate) fn hop(self) -> Ipv4Addr {
        let half = self.0 ^ HOP_BITS;
        let instead = TAKEN.iter().find(|(taken, _)| *taken == half).map(|(_, free)| *free);
        Ipv4Addr::from_bits(HOP_PREFIX | u32::from(instead.unwrap_or(half)))
    }

    /// The next hop of others' routes in this family.
    pub(crate) fn hop_in(self, family: Family) -> IpAddr {
        match family {
            Family::V4 => self.hop().into(),
            Family::V6 => self.below(HOP6_PREFIX).into(),
        }
    }

    /// With which IPv6 address containers on other nodes see the host itself: none of its own, which may change, and of which
    /// others may have the same.
    pub(crate) fn shown6(self) -> Ipv6Addr {
        self.below(SHOWN6_PREFIX)
    }

    /// Whether an address is one with which hosts show themselves.
    pub(crate) fn is_shown6(address: Ipv6Addr) -> bool {
        address.to_bits() & !u128::from(u64::MAX) == SHOWN6_PREFIX
    }

    fn below(self, prefix: u128) -> Ipv6Addr {
        Ipv6Addr::from_bits(prefix | u128::from(LAST_BYTES | u32::from(self.0)))
    }

    /// The node behind a next hop.
    pub(crate) fn of_any_hop(hop: IpAddr) -> Option<Self> {
        match hop {
            IpAddr::V4(hop) => Self::of_hop(hop),
            IpAddr::V6(hop) => {
                let half = u16::try_from(hop.to_bits() & 0xffff).ok()?;
                Self::new(half).filter(|number| number.below(HOP6_PREFIX) == hop)
            }
        }
    }

    /// The node behind an address within the tunnel.
    pub(crate) fn of_hop(hop: Ipv4Addr) -> Option<Self> {
        let half = u16::try_from(hop.to_bits().checked_sub(HOP_PREFIX)?).ok()?;
        let stands_for = TAKEN.iter().find(|(_, free)| *free == half).map(|(taken, _)| *taken);
        Self::new(stands_for.unwrap_or(half) ^ HOP_BITS).filter(|number| number.hop() == hop)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_is_found_again_and_no_address_is_anothers() {
        let numbers: Vec<_> = (0..=u16::MAX).filter_map(Number::new).collect();
        assert_eq!(numbers.len(), usize::from(PEER_NUMBER_MAX));
        for number in &numbers {
            for (kind, other) in [(Kind::Plain, Kind::Sealed), (Kind::Sealed, Kind::Plain)] {
                assert_eq!(Number::of_mac(kind, &number.mac(kind)), Some(*number));
                assert_eq!(Number::of_mac(other, &number.mac(kind)), None);
                assert_eq!(Number::of_table(kind, number.table(kind)), Some(*number));
                assert_eq!(Number::of_table(other, number.table(kind)), None);
                // What the rules remember of a connection is the same by either link.
                assert_eq!(number.mark(Kind::Plain).to_ne_bytes(), number.mac(kind)[2..]);
                assert_ne!(number.mark(kind), number.mark(other));
            }
            for family in Family::ALL {
                assert_eq!(Number::of_any_hop(number.hop_in(family)), Some(*number));
            }
            assert!(Number::is_shown6(number.shown6()));
        }
        let hops: BTreeSet<_> = numbers.iter().map(|number| number.hop()).collect();
        assert_eq!(hops.len(), numbers.len());
        for taken in [Ipv4Addr::new(169, 254, 1, 1), Ipv4Addr::new(169, 254, 169, 254)] {
            assert!(!hops.contains(&taken));
            assert_eq!(Number::of_hop(taken), None);
        }
    }

    #[test]
    fn what_is_not_ours_is_no_number() {
        assert_eq!((Number::new(0), Number::new(u16::MAX)), (None, None));
        for kind in Kind::ALL {
            assert_eq!(Number::of_mac(kind, &[0x02, 0x78, 0x73, 0x6b, 0]), None);
            assert_eq!(Number::of_mac(kind, &[0x02, 0x7a, 0x73, 0x6b, 0, 1]), None);
            assert_eq!((Number::of_table(kind, 254), Number::of_table(kind, 0x736d_0001)), (None, None));
        }
        for hop in
            ["10.0.0.1", "fe80::1", "fe80::736b:0", "fe80::736b:ffff", "fe80::1:736b:1", "fd00::736b:1"]
        {
            assert_eq!(Number::of_any_hop(hop.parse().unwrap()), None, "{hop}");
        }
        let shown = Number::FIRST.shown6();
        assert!(!Number::is_shown6("fd73:6b65:7001::1".parse().unwrap()), "{shown}");
    }
}
