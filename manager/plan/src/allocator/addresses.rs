//! Addresses that are free, network by network.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use skep_model::{Change, Network, NetworkId, Object};
use skep_store::View;

/// What can be given out, and what was given out in this plan.
pub(super) struct Addresses<'a> {
    view: &'a View,
    networks: BTreeMap<NetworkId, Network>,
    changed: BTreeSet<NetworkId>,
    given: BTreeSet<(NetworkId, Ipv4Addr)>,
}

impl<'a> Addresses<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        let networks = view.networks().map(|network| (network.id, Network::clone(network))).collect();
        Self { view, networks, changed: BTreeSet::new(), given: BTreeSet::new() }
    }

    pub(super) fn network(&self, id: NetworkId) -> Option<&Network> {
        self.networks.get(&id)
    }

    pub(super) fn networks(&self) -> impl Iterator<Item = &Network> {
        self.networks.values()
    }

    pub(super) fn set_subnet(&mut self, id: NetworkId, subnet: skep_model::Subnet) {
        if let Some(network) = self.networks.get_mut(&id) {
            network.subnet = Some(subnet);
            self.changed.insert(id);
        }
    }

    /// A free address of the network, behind the one given out last; none when there is none or the network has no subnet.
    pub(super) fn take(&mut self, id: NetworkId) -> Option<Ipv4Addr> {
        let network = self.networks.get(&id)?;
        let subnet = network.subnet?;
        let hosts = subnet.hosts();
        let start = network.address_cursor;
        // The first host part is the gateway's in people's minds: it is never given out.
        let parts = (1..=hosts).map(|step| (start.wrapping_add(step) % hosts) + 1).filter(|&part| part != 1);
        let found = parts.filter_map(|part| Some((part, subnet.host(part)?))).find(|&(_, address)| {
            !self.view.address_in_use(id, address) && !self.given.contains(&(id, address))
        });
        let (part, address) = found?;
        self.given.insert((id, address));
        self.changed.insert(id);
        if let Some(network) = self.networks.get_mut(&id) {
            network.address_cursor = part - 1;
        }
        Some(address)
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        let Self { networks, changed, .. } = self;
        let written = networks.into_iter().filter(|(id, _)| changed.contains(id));
        written.map(|(_, network)| Change::Update(Object::Network(Arc::new(network)))).collect()
    }
}
