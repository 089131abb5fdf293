//! Subnets for networks.

use std::collections::BTreeMap;

use skep_model::{ClusterSpec, Subnet, Timestamp};
use skep_store::View;

use super::addresses::Addresses;
use crate::reconciler::Plan;

pub(super) fn plan(view: &View, now: Timestamp, addresses: &mut Addresses<'_>, plan: &mut Plan) {
    give_subnets(view, now, addresses, plan);
    // Also to the ingress network of a swarm that was made before there was IPv6.
    if let Some(cluster) = view.cluster() {
        addresses.give_subnets6(cluster.id);
    }
}

fn give_subnets(view: &View, now: Timestamp, addresses: &mut Addresses<'_>, plan: &mut Plan) {
    let without: Vec<_> = addresses.networks().filter(|network| network.subnet.is_none()).cloned().collect();
    if without.is_empty() {
        return;
    }
    let spec = view.cluster().map(|cluster| cluster.spec.clone()).unwrap_or_default();
    let mut taken = Taken::default();
    addresses.networks().filter_map(|network| network.subnet).for_each(|subnet| taken.add(subnet));
    // What users chose comes first: nobody else may be given it.
    let (chosen, open): (Vec<_>, Vec<_>) = without.iter().partition(|network| network.spec.subnet.is_some());
    for (network, subnet) in chosen.iter().filter_map(|network| Some((network, network.spec.subnet?))) {
        if taken.overlaps(subnet) {
            tracing::warn!(network = network.spec.name, %subnet, "the subnet is another network's");
        } else {
            taken.add(subnet);
            addresses.set_subnet(network.id, subnet);
        }
    }
    let mut search = Search { view, now, taken, wake_at: None };
    for network in open {
        match search.free_subnet(&spec) {
            Some(subnet) => {
                search.taken.add(subnet);
                addresses.set_subnet(network.id, subnet);
            }
            None => tracing::warn!(network = network.spec.name, "no subnet of the address pools is free"),
        }
    }
    search.wake_at.into_iter().for_each(|end| plan.wake(end));
}

/// Subnets in use, which share no addresses with each other: last addresses by first ones.
#[derive(Default)]
struct Taken(BTreeMap<u32, u32>);

impl Taken {
    fn add(&mut self, subnet: Subnet) {
        self.0.insert(subnet.address.to_bits(), subnet.last().to_bits());
    }

    fn overlaps(&self, subnet: Subnet) -> bool {
        let before = self.0.range(..=subnet.last().to_bits()).next_back();
        before.is_some_and(|(_, last)| *last >= subnet.address.to_bits())
    }
}

struct Search<'a> {
    view: &'a View,
    now: Timestamp,
    taken: Taken,
    /// When a subnet that rests can be given out, if one was wanted in vain.
    wake_at: Option<Timestamp>,
}

impl Search<'_> {
    /// The first subnet of the pools that shares no address with any network and has rested.
    fn free_subnet(&mut self, spec: &ClusterSpec) -> Option<Subnet> {
        let candidates = spec.address_pools.iter().flat_map(|&pool| subnets(pool, spec.subnet_prefix_bits));
        let mut first_end: Option<Timestamp> = None;
        let found = candidates.filter(|candidate| !self.taken.overlaps(*candidate)).find(|candidate| {
            // A subnet of another size that rests within this one makes it rest, too; its addresses look after themselves.
            let resting = self.view.resting_within(*candidate, self.now);
            let end = resting.filter(|(range, _)| range.prefix_bits < 32).map(|(_, end)| end).max();
            first_end = [first_end, end].into_iter().flatten().min();
            end.is_none()
        });
        if found.is_none() {
            self.wake_at = [self.wake_at, first_end].into_iter().flatten().min();
        }
        found
    }
}

fn subnets(pool: Subnet, prefix_bits: u8) -> impl Iterator<Item = Subnet> {
    let bits = prefix_bits.clamp(pool.prefix_bits, 30);
    let count = 1_u32 << (bits - pool.prefix_bits);
    let first = pool.address.to_bits() & pool.mask();
    (0..count)
        .map(move |index| Subnet { address: (first | (index << (32 - bits))).into(), prefix_bits: bits })
}
