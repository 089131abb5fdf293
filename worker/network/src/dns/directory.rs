//! The names on each network.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use skep_model::{EndpointService, EndpointTable, NetworkId, Subnet};
use tokio::sync::watch;

use super::FIRST_TABLE_TIMEOUT;

/// Who asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    /// The networks it is on: it sees no names of others.
    pub(crate) networks: Vec<NetworkId>,
    /// Whether its other questions go to the host's servers.
    pub(crate) egress: bool,
}

/// The names on one network, in lower case.
#[derive(Debug, Default)]
struct Zone {
    subnets: Vec<Subnet>,
    names: BTreeMap<String, Vec<Ipv4Addr>>,
    pointers: BTreeMap<Ipv4Addr, String>,
}

type Zones = BTreeMap<NetworkId, Zone>;

/// All names that containers of this host may ask for.
#[derive(Debug)]
pub(crate) struct Directory {
    /// From the endpoint table.
    zones: RwLock<Zones>,
    /// Names of this host's containers.
    local: RwLock<BTreeMap<NetworkId, BTreeMap<String, Ipv4Addr>>>,
    ready: watch::Sender<bool>,
    turn: AtomicUsize,
}

impl Directory {
    /// An empty directory; `ready` when no table needs to be waited for.
    pub(crate) fn new(ready: bool) -> Self {
        Self {
            zones: RwLock::default(),
            local: RwLock::default(),
            ready: watch::Sender::new(ready),
            turn: AtomicUsize::new(0),
        }
    }

    /// Waits, but not for long, until there is a table.
    pub(crate) async fn wait(&self) {
        let mut receiver = self.ready.subscribe();
        let _ = tokio::time::timeout(FIRST_TABLE_TIMEOUT, receiver.wait_for(|ready| *ready)).await;
    }

    /// Takes the names of a table in place of those before.
    pub(crate) fn load(&self, table: &EndpointTable) {
        let zones = zones_of(table);
        *self.zones.write().unwrap_or_else(PoisonError::into_inner) = zones;
        self.ready.send_replace(true);
    }

    /// Adds a container's names.
    pub(crate) fn add_container(&self, names: &[String], addresses: &[(NetworkId, Ipv4Addr)]) {
        let mut local = self.local.write().unwrap_or_else(PoisonError::into_inner);
        for (network, address) in addresses {
            let zone = local.entry(*network).or_default();
            zone.extend(names.iter().map(|name| (name.to_lowercase(), *address)));
        }
    }

    /// Removes a container's names.
    pub(crate) fn remove_container(&self, names: &[String], addresses: &[(NetworkId, Ipv4Addr)]) {
        let mut local = self.local.write().unwrap_or_else(PoisonError::into_inner);
        for (network, address) in addresses {
            let Some(zone) = local.get_mut(network) else { continue };
            for name in names.iter().map(|name| name.to_lowercase()) {
                if zone.get(&name) == Some(address) {
                    zone.remove(&name);
                }
            }
            if zone.is_empty() {
                local.remove(network);
            }
        }
    }

    /// The addresses behind a name, the first one another each time; none for a name that is not ours.
    pub(crate) fn addresses(&self, asker: &Asker, name: &str) -> Option<Vec<Ipv4Addr>> {
        let name = name.to_lowercase();
        let zones = self.zones.read().unwrap_or_else(PoisonError::into_inner);
        let mut mine = asker.networks.iter().filter_map(|network| zones.get(network));
        if let Some(found) = mine.find_map(|zone| zone.names.get(&name)) {
            let mut found = found.clone();
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let by = turn.checked_rem(found.len()).unwrap_or(0);
            found.rotate_left(by);
            return Some(found);
        }
        let local = self.local.read().unwrap_or_else(PoisonError::into_inner);
        let mut mine = asker.networks.iter().filter_map(|network| local.get(network));
        mine.find_map(|zone| zone.get(&name)).map(|address| vec![*address])
    }

    /// The name behind an address: outer none when the address is not on a network of the asker.
    pub(crate) fn pointer(&self, asker: &Asker, address: Ipv4Addr) -> Option<Option<String>> {
        let zones = self.zones.read().unwrap_or_else(PoisonError::into_inner);
        let local = self.local.read().unwrap_or_else(PoisonError::into_inner);
        let mut ours = false;
        for network in &asker.networks {
            if let Some(zone) = zones.get(network) {
                if let Some(name) = zone.pointers.get(&address) {
                    return Some(Some(name.clone()));
                }
                ours |= zone.subnets.iter().any(|subnet| subnet.contains(address));
            }
            let names = local.get(network).into_iter().flatten();
            if let Some((name, _)) = names.into_iter().find(|(_, owner)| **owner == address) {
                return Some(Some(name.clone()));
            }
        }
        ours.then_some(None)
    }
}

fn zones_of(table: &EndpointTable) -> Zones {
    let mut zones = Zones::new();
    for network in &table.networks {
        zones.entry(network.id).or_default().subnets.push(network.subnet);
    }
    for service in &table.services {
        add_service(&mut zones, service);
    }
    zones
}

fn add_service(zones: &mut Zones, service: &EndpointService) {
    for vip in &service.vips {
        let zone = zones.entry(vip.network).or_default();
        let on_network = |backend: &skep_model::Backend| {
            let found = backend.addresses.iter().find(|(network, _)| *network == vip.network);
            found.map(|(_, address)| *address)
        };
        let ready = service.backends.iter().filter(|backend| backend.ready);
        let tasks: Vec<_> = ready.filter_map(on_network).collect();
        let answers = vip.address.map_or_else(|| tasks.clone(), |address| vec![address]);
        for name in std::iter::once(&service.name).chain(&vip.aliases) {
            let name = name.to_lowercase();
            // An alias that several services share leads to all of them.
            extend(zone.names.entry(format!("tasks.{name}")).or_default(), &tasks);
            extend(zone.names.entry(name).or_default(), &answers);
        }
        if let Some(address) = vip.address {
            zone.pointers.insert(address, service.name.clone());
        }
        for backend in &service.backends {
            let Some(address) = on_network(backend) else { continue };
            for name in
                [backend.name.clone(), backend.task.to_string(), format!("{}.{}", backend.name, backend.task)]
            {
                zone.names.insert(name.to_lowercase(), vec![address]);
            }
            zone.pointers.insert(address, backend.name.clone());
        }
    }
}

fn extend(list: &mut Vec<Ipv4Addr>, more: &[Ipv4Addr]) {
    for address in more {
        if !list.contains(address) {
            list.push(*address);
        }
    }
}
