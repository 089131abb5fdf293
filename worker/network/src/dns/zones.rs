use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, Ipv6Addr};

use skep_model::{Backend, EndpointService, EndpointTable, NetworkId, ServiceId, Subnet, Subnet6};

/// The names that the endpoint table gives, network by network.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    zones: BTreeMap<NetworkId, Zone>,
}

/// The names on one network, in lower case, each with the services that give it: several may share an alias.
#[derive(Debug, Default)]
struct Zone {
    subnet: Option<Subnet>,
    subnet6: Option<Subnet6>,
    names: HashMap<String, Vec<(ServiceId, Ipv4Addr)>>,
    pointers: HashMap<Ipv4Addr, Vec<(ServiceId, String)>>,
}

impl Zones {
    /// Adds what a table names.
    pub(crate) fn add(&mut self, table: &EndpointTable) {
        for network in &table.networks {
            let zone = self.zones.entry(network.id).or_default();
            (zone.subnet, zone.subnet6) = (Some(network.subnet), network.subnet6);
        }
        for service in &table.services {
            self.each(service, Zone::add);
        }
    }

    /// Removes the services that a table names, as it names them, and the subnets of its networks.
    pub(crate) fn remove(&mut self, table: &EndpointTable) {
        for network in &table.networks {
            if let Some(zone) = self.zones.get_mut(&network.id) {
                (zone.subnet, zone.subnet6) = (None, None);
            }
        }
        for service in &table.services {
            self.each(service, Zone::remove);
        }
        self.zones.retain(|_, zone| !zone.is_empty());
    }

    /// The addresses behind a name in lower case; none for one that is not there.
    pub(crate) fn addresses(&self, network: NetworkId, name: &str) -> Option<Vec<Ipv4Addr>> {
        let mut found = Vec::new();
        for (_, address) in self.zones.get(&network)?.names.get(name)? {
            if !found.contains(address) && !address.is_unspecified() {
                found.push(*address);
            }
        }
        Some(found)
    }

    /// The IPv6 address beside one of the network's; none without IPv6.
    pub(crate) fn address6(&self, network: NetworkId, address: Ipv4Addr) -> Option<Ipv6Addr> {
        let zone = self.zones.get(&network)?;
        zone.subnet6?.derive(zone.subnet?, address)
    }

    /// The address of the network's beside which this one is.
    pub(crate) fn origin(&self, network: NetworkId, address: Ipv6Addr) -> Option<Ipv4Addr> {
        let zone = self.zones.get(&network)?;
        zone.subnet6?.origin(zone.subnet?, address)
    }

    /// The name behind an address.
    pub(crate) fn name(&self, network: NetworkId, address: Ipv4Addr) -> Option<&str> {
        self.zones.get(&network)?.pointers.get(&address)?.last().map(|(_, name)| name.as_str())
    }

    /// Whether the address is one of the network's.
    pub(crate) fn has(&self, network: NetworkId, address: Ipv4Addr) -> bool {
        let subnet = self.zones.get(&network).and_then(|zone| zone.subnet);
        subnet.is_some_and(|subnet| subnet.contains(address))
    }

    /// Does something with each name and address of the service on each of its networks.
    fn each(&mut self, service: &EndpointService, mut act: impl FnMut(&mut Zone, Name<'_>)) {
        for vip in &service.vips {
            let zone = self.zones.entry(vip.network).or_default();
            let mut named = |name: &str, address, pointer| {
                act(zone, Name { service: service.id, name: &name.to_lowercase(), address, pointer });
            };
            let ready = || service.backends.iter().filter(|backend| backend.ready);
            let tasks = || ready().filter_map(|backend| address_on(backend, vip.network));
            for name in std::iter::once(&service.name).chain(&vip.aliases) {
                for address in tasks().chain([Ipv4Addr::UNSPECIFIED]) {
                    named(&format!("tasks.{name}"), address, None);
                }
                match vip.address {
                    Some(address) => named(name, address, Some(&service.name)),
                    None => {
                        tasks().chain([Ipv4Addr::UNSPECIFIED]).for_each(|address| named(name, address, None))
                    }
                }
            }
            for backend in &service.backends {
                let Some(address) = address_on(backend, vip.network) else { continue };
                let id = backend.task.to_string();
                named(&backend.name, address, Some(&backend.name));
                named(&format!("{}.{id}", backend.name), address, None);
                named(&id, address, None);
            }
        }
    }
}

/// One name of a service. The unspecified address says that the name is there even if it leads nowhere.
#[derive(Clone, Copy, Debug)]
struct Name<'a> {
    service: ServiceId,
    name: &'a str,
    address: Ipv4Addr,
    /// What the address is called in return.
    pointer: Option<&'a String>,
}

impl Zone {
    fn add(&mut self, name: Name<'_>) {
        let entry = (name.service, name.address);
        let list = self.names.entry(name.name.to_owned()).or_default();
        if !list.contains(&entry) {
            list.push(entry);
        }
        if let Some(pointer) = name.pointer {
            let names = self.pointers.entry(name.address).or_default();
            let entry = (name.service, pointer.clone());
            if !names.contains(&entry) {
                names.push(entry);
            }
        }
    }

    fn remove(&mut self, name: Name<'_>) {
        if let Some(list) = self.names.get_mut(name.name) {
            list.retain(|entry| *entry != (name.service, name.address));
            if list.is_empty() {
                self.names.remove(name.name);
            }
        }
        if name.pointer.is_some()
            && let Some(names) = self.pointers.get_mut(&name.address)
        {
            names.retain(|(service, _)| *service != name.service);
            if names.is_empty() {
                self.pointers.remove(&name.address);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.subnet.is_none() && self.names.is_empty() && self.pointers.is_empty()
    }
}

fn address_on(backend: &Backend, network: NetworkId) -> Option<Ipv4Addr> {
    backend.addresses.iter().find(|(id, _)| *id == network).map(|(_, address)| *address)
}
