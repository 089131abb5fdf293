use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use skep_model::{NetworkId, Subnet, limits};

use crate::container::NetworkPlace;

/// The network that such addresses are on has no id in the swarm.
const NETWORK: NetworkId = NetworkId::new(1);

/// The addresses of plain containers that are on no network of the swarm: they mean something on this node alone.
#[derive(Debug, Default)]
pub(crate) struct LocalAddresses {
    held: BTreeSet<Ipv4Addr>,
    /// Host part of the one given out last: an address rests as long as possible before it is used again.
    last: u32,
}

impl LocalAddresses {
    /// A place with an address that nobody has; none when there is no such address.
    pub(crate) fn take(&mut self) -> Option<NetworkPlace> {
        let subnet = limits::LOCAL_SUBNET;
        let hosts = subnet.hosts();
        let parts = (1..=hosts).map(|step| (self.last + step - 1) % hosts + 1);
        let mut free = parts.filter_map(|part| Some((part, subnet.host(part)?)));
        let (part, address) = free.find(|(_, address)| !self.held.contains(address))?;
        self.last = part;
        self.held.insert(address);
        Some(place(address, subnet))
    }

    /// Takes a place over that a former daemon gave, or gives one back.
    pub(crate) fn set(&mut self, places: &[NetworkPlace], held: bool) {
        let own = NETWORK.to_string();
        let addresses = places.iter().filter(|place| place.network == own);
        for address in addresses.filter_map(|place| place.address.parse::<Ipv4Addr>().ok()) {
            if held {
                self.held.insert(address);
                self.last = self.last.max(address.to_bits() - limits::LOCAL_SUBNET.address.to_bits());
            } else {
                self.held.remove(&address);
            }
        }
    }
}

fn place(address: Ipv4Addr, subnet: Subnet) -> NetworkPlace {
    NetworkPlace {
        network: NETWORK.to_string(),
        name: limits::LOCAL_NAME.to_owned(),
        address: address.to_string(),
        subnet: subnet.address.to_string(),
        prefix_bits: subnet.prefix_bits,
        internal: false,
        subnet6: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_given_once_and_rests() {
        let mut addresses = LocalAddresses::default();
        let first = addresses.take().unwrap();
        let second = addresses.take().unwrap();
        assert_eq!((first.address.as_str(), second.address.as_str()), ("198.19.0.1", "198.19.0.2"));
        addresses.set(std::slice::from_ref(&first), false);
        assert_eq!(addresses.take().unwrap().address, "198.19.0.3", "not the one that was just given back");
        let mut next = LocalAddresses::default();
        next.set(&[second], true);
        assert_eq!(next.take().unwrap().address, "198.19.0.3");
        next.last = limits::LOCAL_SUBNET.hosts();
        assert_eq!(next.take().unwrap().address, first.address);
        let taken = std::iter::from_fn(|| next.take()).count();
        assert_eq!(taken, limits::LOCAL_SUBNET.hosts() as usize - 3, "all of them and no more");
    }
}
