//! Addresses that are free, network by network.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use skep_model::{Change, ClusterId, Network, NetworkId, Object, Subnet, Timestamp, limits};
use skep_store::View;

use super::shortage::Shortage;

/// What can be given out, and what was given out in this plan.
pub(super) struct Addresses<'a> {
    view: &'a View,
    now: Timestamp,
    networks: BTreeMap<NetworkId, Network>,
    given: BTreeSet<(NetworkId, Ipv4Addr)>,
    /// What rests on networks that had nothing else, the longest first: when it was released.
    rested: BTreeMap<NetworkId, VecDeque<(Timestamp, Ipv4Addr)>>,
    /// Networks that were searched in vain: within a plan nothing becomes free.
    short: BTreeMap<NetworkId, Shortage>,
}

impl<'a> Addresses<'a> {
    pub(super) fn new(view: &'a View, now: Timestamp) -> Self {
        let networks = view.networks().map(|network| (network.id, Network::clone(network))).collect();
        Self { view, now, networks, given: BTreeSet::new(), rested: BTreeMap::new(), short: BTreeMap::new() }
    }

    /// A network's name, for messages.
    pub(super) fn name(&self, id: NetworkId) -> String {
        self.networks.get(&id).map_or_else(|| id.to_string(), |network| network.spec.name.clone())
    }

    pub(super) fn networks(&self) -> impl Iterator<Item = &Network> {
        self.networks.values()
    }

    pub(super) fn set_subnet(&mut self, id: NetworkId, subnet: Subnet) {
        if let Some(network) = self.networks.get_mut(&id) {
            network.subnet = Some(subnet);
        }
    }

    /// Gives networks with IPv6 that have a subnet the IPv6 one beside it. It follows from what they have: nothing is searched.
    pub(super) fn give_subnets6(&mut self, cluster: ClusterId) {
        for network in self.networks.values_mut().filter(|network| network.subnet6.is_none()) {
            network.subnet6 = network.wanted_subnet6(cluster);
        }
    }

    /// A free address of the network, behind the one given out last, or why there is none.
    pub(super) fn take(&mut self, id: NetworkId) -> Result<Ipv4Addr, Shortage> {
        if let Some(shortage) = self.short.get(&id) {
            return Err(*shortage);
        }
        match self.search(id) {
            Ok((address, part)) => {
                self.given.insert((id, address));
                if let Some(network) = self.networks.get_mut(&id) {
                    network.address_cursor = part;
                }
                Ok(address)
            }
            Err(shortage) => {
                self.short.insert(id, shortage);
                Err(shortage)
            }
        }
    }

    /// An address on each network, or none and why: what waits for one network holds nothing of the others.
    pub(super) fn take_all(&mut self, ids: &[NetworkId]) -> Result<Vec<Ipv4Addr>, (NetworkId, Shortage)> {
        let mut taken = Vec::with_capacity(ids.len());
        for &id in ids {
            let cursor = self.networks.get(&id).map_or(0, |network| network.address_cursor);
            match self.take(id) {
                Ok(address) => taken.push((id, address, cursor)),
                Err(shortage) => {
                    taken.into_iter().rev().for_each(|held| self.give_back(held));
                    return Err((id, shortage));
                }
            }
        }
        Ok(taken.into_iter().map(|(_, address, _)| address).collect())
    }

    fn give_back(&mut self, (id, address, cursor): (NetworkId, Ipv4Addr, u32)) {
        self.given.remove(&(id, address));
        if let Some(network) = self.networks.get_mut(&id) {
            network.address_cursor = cursor;
        }
    }

    /// The next free address and its host part.
    fn search(&mut self, id: NetworkId) -> Result<(Ipv4Addr, u32), Shortage> {
        let network = self.networks.get(&id).ok_or(Shortage::NoNetwork)?;
        let (subnet, all) = network.subnet.zip(network.assignable()).ok_or(Shortage::NoSubnet)?;
        let base = subnet.address.to_bits() & subnet.mask();
        let (first, last) = (all.start().to_bits(), all.end().to_bits());
        // A cursor outside of the range (none yet, or a larger subnet's) starts over.
        let next = base.saturating_add(network.address_cursor).saturating_add(1);
        let from = if (first..=last).contains(&next) { next } else { first };
        let found = self
            .first_free(network, from..=last)
            .or_else(|| self.first_free(network, first..=from.saturating_sub(1)));
        let address = found.map_or_else(|| self.longest_rested(id, subnet), Ok)?;
        Ok((address, address.to_bits() - base))
    }

    /// The first free address of a range. Goes along the addresses in use side by side, so that a long row of them costs one
    /// step each and no look-up.
    fn first_free(&self, network: &Network, range: RangeInclusive<u32>) -> Option<Ipv4Addr> {
        let mut used = self.view.addresses_in_use(network.id, Ipv4Addr::from_bits(*range.start())).peekable();
        range.map(Ipv4Addr::from_bits).find(|&address| {
            while used.next_if(|&held| held < address).is_some() {}
            used.peek() != Some(&address)
                && Some(address) != network.gateway()
                && !self.given.contains(&(network.id, address))
                && self.view.address_rests_until(address, self.now).is_none()
        })
    }

    /// The address that has rested longest, if that is long enough, where there is no other.
    fn longest_rested(&mut self, id: NetworkId, subnet: Subnet) -> Result<Ipv4Addr, Shortage> {
        let Some(network) = self.networks.get(&id) else { return Err(Shortage::NoNetwork) };
        let all = network.assignable().ok_or(Shortage::NoSubnet)?;
        let fits = |address: Ipv4Addr| all.contains(&address) && Some(address) != network.gateway();
        let resting = || {
            let released = self.view.released_within(subnet, self.now);
            let single = released.filter(|(range, _)| range.prefix_bits == 32 && fits(range.address));
            let mut single: Vec<_> = single.map(|(range, at)| (at, range.address)).collect();
            single.sort_unstable();
            single.into()
        };
        let resting = self.rested.entry(id).or_insert_with(resting);
        while let Some((at, address)) = resting.front().copied() {
            let end = at.plus(limits::ADDRESS_REST_MIN);
            if self.given.contains(&(id, address)) {
                resting.pop_front();
            } else if end <= self.now {
                return Ok(address);
            } else {
                return Err(Shortage::Resting(end));
            }
        }
        Err(Shortage::Full)
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        let Self { view, networks, .. } = self;
        let differs =
            |id: NetworkId, network: &Network| view.network(id).is_none_or(|before| **before != *network);
        let written = networks.into_iter().filter(|(id, network)| differs(*id, network));
        written.map(|(_, network)| Change::Update(Object::Network(Arc::new(network)))).collect()
    }
}
