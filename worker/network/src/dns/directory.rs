//! The names on each network.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use skep_model::{EndpointTable, NetworkId};
use tokio::sync::watch;

use super::FIRST_TABLE_TIMEOUT;
use super::zones::Zones;

/// Who asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    /// The networks it is on: it sees no names of others.
    pub(crate) networks: Vec<NetworkId>,
    /// Whether its other questions go to the host's servers.
    pub(crate) egress: bool,
    /// Whether it has IPv6 addresses.
    pub(crate) ipv6: bool,
}

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

    /// Takes over the names of a table, or what a partial one changes; `undo` is what [`EndpointTable::merge`] gave back for it.
    pub(crate) fn follow(&self, table: &EndpointTable, undo: &EndpointTable) {
        let mut zones = self.zones.write().unwrap_or_else(PoisonError::into_inner);
        if table.partial {
            zones.remove(undo);
        } else {
            *zones = Zones::default();
        }
        zones.add(table);
        drop(zones);
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
        self.found(&self.zones(), asker, name).map(|(_, addresses)| addresses)
    }

    /// The IPv6 addresses beside those; none of them when the asker, or the network, has no IPv6.
    pub(crate) fn addresses6(&self, asker: &Asker, name: &str) -> Option<Vec<Ipv6Addr>> {
        let zones = self.zones();
        let (network, addresses) = self.found(&zones, asker, name)?;
        let beside = addresses.into_iter().filter_map(|address| zones.address6(network, address));
        Some(beside.filter(|_| asker.ipv6).collect())
    }

    fn zones(&self) -> RwLockReadGuard<'_, Zones> {
        self.zones.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The addresses, with the network that they are on.
    fn found(&self, zones: &Zones, asker: &Asker, name: &str) -> Option<(NetworkId, Vec<Ipv4Addr>)> {
        let name = name.to_lowercase();
        let mut networks = asker.networks.iter();
        if let Some((network, mut found)) =
            networks.find_map(|network| Some((*network, zones.addresses(*network, &name)?)))
        {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let by = turn.checked_rem(found.len()).unwrap_or(0);
            found.rotate_left(by);
            return Some((network, found));
        }
        let local = self.local.read().unwrap_or_else(PoisonError::into_inner);
        let mut mine = asker.networks.iter().filter_map(|network| Some((*network, local.get(network)?)));
        mine.find_map(|(network, zone)| Some((network, vec![*zone.get(&name)?])))
    }

    /// The name behind an IPv6 address, as by [`Self::pointer`].
    pub(crate) fn pointer6(&self, asker: &Asker, address: Ipv6Addr) -> Option<Option<String>> {
        let origin = {
            let zones = self.zones();
            asker.networks.iter().find_map(|network| Some((*network, zones.origin(*network, address)?)))
        };
        let (network, address) = origin?;
        self.pointer(&Asker { networks: vec![network], ..asker.clone() }, address)
    }

    /// The name behind an address: outer none when the address is not on a network of the asker.
    pub(crate) fn pointer(&self, asker: &Asker, address: Ipv4Addr) -> Option<Option<String>> {
        let zones = self.zones.read().unwrap_or_else(PoisonError::into_inner);
        let local = self.local.read().unwrap_or_else(PoisonError::into_inner);
        let mut ours = false;
        for network in &asker.networks {
            if let Some(name) = zones.name(*network, address) {
                return Some(Some(name.to_owned()));
            }
            ours |= zones.has(*network, address);
            let names = local.get(network).into_iter().flatten();
            if let Some((name, _)) = names.into_iter().find(|(_, owner)| **owner == address) {
                return Some(Some(name.clone()));
            }
        }
        ours.then_some(None)
    }
}
