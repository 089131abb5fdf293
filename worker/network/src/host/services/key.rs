use std::net::Ipv4Addr;

use skep_model::{EndpointService, Protocol, PublishedPort};

use crate::host::ruleset::{PUBLISHED, PUBLISHED_AT, VIPS};
use crate::nft::{Element, Set};

/// What the names of service chains start with.
const VIP: &str = "vip-";
const PORT: &str = "port-";

/// What leads to a service chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// A virtual address.
    Vip(Ipv4Addr),
    /// A port of this host: on this one address, or on all.
    Port(Protocol, u16, Option<Ipv4Addr>),
}

impl Key {
    pub(crate) fn of_port(port: &PublishedPort) -> Self {
        Self::Port(port.protocol, port.published, port.address)
    }

    /// Everything that leads to the service.
    pub(crate) fn of_service(service: &EndpointService) -> impl Iterator<Item = Self> {
        let vips = service.vips.iter().filter_map(|vip| vip.address.map(Self::Vip));
        vips.chain(service.published.iter().map(Self::of_port))
    }

    /// Whether it is that port, on whatever address.
    pub(crate) fn is_port(self, protocol: Protocol, port: u16) -> bool {
        matches!(self, Self::Port(own, number, _) if (own, number) == (protocol, port))
    }

    /// The name of its chain.
    pub(crate) fn chain(self) -> String {
        match self {
            Self::Vip(vip) => format!("{VIP}{vip}"),
            Self::Port(protocol, port, None) => format!("{PORT}{protocol}-{port}"),
            Self::Port(protocol, port, Some(address)) => format!("{PORT}{protocol}-{port}-{address}"),
        }
    }

    /// The key of a chain that a former daemon left; none for chains of other kinds.
    pub(crate) fn of_chain(name: &str) -> Option<Self> {
        if let Some(vip) = name.strip_prefix(VIP) {
            return vip.parse().ok().map(Self::Vip);
        }
        let mut parts = name.strip_prefix(PORT)?.splitn(3, '-');
        let protocol = parts.next()?.parse().ok()?;
        let port = parts.next()?.parse().ok()?;
        let address = parts.next().map(|text| text.parse().ok());
        match address {
            None => Some(Self::Port(protocol, port, None)),
            Some(address) => Some(Self::Port(protocol, port, Some(address?))),
        }
    }

    /// The map that leads to the chain.
    pub(crate) fn map(self) -> &'static Set {
        match self {
            Self::Vip(_) => &VIPS,
            Self::Port(_, _, None) => &PUBLISHED,
            Self::Port(_, _, Some(_)) => &PUBLISHED_AT,
        }
    }

    /// Its element in [`Self::map`].
    pub(crate) fn element(self) -> Element {
        let key = match self {
            Self::Vip(vip) => vip.octets().to_vec(),
            Self::Port(protocol, port, address) => {
                let number = match protocol {
                    Protocol::Tcp => 6,
                    Protocol::Udp => 17,
                };
                let [high, low] = port.to_be_bytes();
                let mut key = address.map_or_else(Vec::new, |address| address.octets().to_vec());
                key.extend([number, 0, 0, 0, high, low, 0, 0]);
                key
            }
        };
        Element::Chain { key, chain: self.chain() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_that_was_left_tells_its_key() {
        let keys = [
            Key::Vip(Ipv4Addr::new(10, 0, 1, 2)),
            Key::Port(Protocol::Tcp, 80, None),
            Key::Port(Protocol::Udp, 53, Some(Ipv4Addr::LOCALHOST)),
        ];
        assert!(keys.iter().all(|key| Key::of_chain(&key.chain()) == Some(*key)));
        let strange = ["refuse", "vip-x", "port-tcp", "port-tcp-x", "port-tcp-80-x", "port-icmp-80"];
        assert!(strange.iter().all(|name| Key::of_chain(name).is_none()));
    }
}
