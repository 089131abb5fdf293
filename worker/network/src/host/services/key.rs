use std::fmt;
use std::net::IpAddr;

use skep_model::{EndpointService, Protocol, PublishedPort};

use super::Kind;
use crate::family::{Family, from_octets, octets};
use crate::host::twins::Twins;
use crate::nft::Field;

/// Numbers of the IP protocols.
const TCP: u8 = 6;
const UDP: u8 = 17;

/// What leads to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// A virtual address.
    Vip(IpAddr),
    /// A port of this host: on this one address, or on all.
    Port(Protocol, u16, Option<IpAddr>),
}

impl Key {
    pub(crate) fn of_port(port: &PublishedPort) -> Self {
        Self::Port(port.protocol, port.published, port.address)
    }

    /// Everything that leads to the service.
    pub(crate) fn of_service(service: &EndpointService) -> impl Iterator<Item = Self> {
        let vips = service.vips.iter().filter_map(|vip| vip.address.map(|vip| Self::Vip(vip.into())));
        vips.chain(service.published.iter().map(Self::of_port))
    }

    /// What leads to the same in IPv6; none where nothing does.
    pub(crate) fn beside(self, twins: &Twins) -> Option<Self> {
        match self {
            Self::Vip(IpAddr::V4(vip)) => twins.of(vip).map(|vip| Self::Vip(vip.into())),
            Self::Port(_, _, Some(IpAddr::V4(_))) => None,
            Self::Port(..) | Self::Vip(IpAddr::V6(_)) => Some(self),
        }
    }

    /// Whether it is one of a family's table; a port on all addresses is one of both.
    pub(crate) fn is_of(self, family: Family) -> bool {
        match self {
            Self::Port(_, _, None) => true,
            Self::Vip(address) | Self::Port(_, _, Some(address)) => Family::of(address) == family,
        }
    }

    /// Whether it is that port, on whatever address.
    pub(crate) fn is_port(self, protocol: Protocol, port: u16) -> bool {
        matches!(self, Self::Port(own, number, _) if (own, number) == (protocol, port))
    }

    /// Which maps it is in.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Vip(_) => Kind::Vip,
            Self::Port(_, _, None) => Kind::Port,
            Self::Port(_, _, Some(_)) => Kind::PortAt,
        }
    }

    /// How it stands in maps, and in the registers that hold what a packet asks for.
    pub(crate) fn bytes(self) -> Vec<u8> {
        match self {
            Self::Vip(vip) => octets(vip),
            Self::Port(protocol, port, address) => {
                let number = match protocol {
                    Protocol::Tcp => TCP,
                    Protocol::Udp => UDP,
                };
                let [high, low] = port.to_be_bytes();
                let mut key = address.map_or_else(Vec::new, octets);
                key.extend([number, 0, 0, 0, high, low, 0, 0]);
                key
            }
        }
    }

    /// The one that stands so in the maps of its kind in a table of the family, and what stands behind it.
    pub(crate) fn read(family: Family, kind: Kind, bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (address, rest) = match kind {
            Kind::Port => (None, bytes),
            Kind::Vip | Kind::PortAt => {
                let length = usize::try_from(Field::Address.length(family)).ok()?;
                let (address, rest) = bytes.split_at_checked(length)?;
                (Some(from_octets(address)?), rest)
            }
        };
        if kind == Kind::Vip {
            return Some((Self::Vip(address?), rest));
        }
        let ([protocol, _, _, _, high, low, _, _], rest) = rest.split_first_chunk::<8>()?;
        let protocol = match *protocol {
            TCP => Protocol::Tcp,
            UDP => Protocol::Udp,
            _ => return None,
        };
        Some((Self::Port(protocol, u16::from_be_bytes([*high, *low]), address), rest))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vip(vip) => write!(out, "vip-{vip}"),
            Self::Port(protocol, port, None) => write!(out, "port-{protocol}-{port}"),
            Self::Port(protocol, port, Some(address)) => write!(out, "port-{protocol}-{port}-{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn what_stands_in_a_map_tells_the_key() {
        let keys = [
            (Family::V4, Key::Vip(Ipv4Addr::new(10, 0, 1, 2).into())),
            (Family::V6, Key::Vip(Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, 2).into())),
            (Family::V4, Key::Port(Protocol::Tcp, 80, None)),
            (Family::V6, Key::Port(Protocol::Tcp, 80, None)),
            (Family::V4, Key::Port(Protocol::Udp, 53, Some(Ipv4Addr::LOCALHOST.into()))),
            (Family::V6, Key::Port(Protocol::Udp, 53, Some(Ipv6Addr::LOCALHOST.into()))),
        ];
        for (family, key) in keys {
            let bytes = [key.bytes(), vec![7, 8]].concat();
            assert_eq!(Key::read(family, key.kind(), &bytes), Some((key, [7, 8].as_slice())));
            assert_eq!(Key::read(family, key.kind(), &key.bytes()[1..]), None);
        }
        assert_eq!(Key::read(Family::V4, Kind::Port, &[1, 0, 0, 0, 0, 80, 0, 0]), None);
    }
}
