//! Subnets for networks.

use skep_model::{ClusterSpec, Subnet};
use skep_store::View;

use super::addresses::Addresses;
use crate::reconciler::Plan;

pub(super) fn plan(view: &View, addresses: &mut Addresses<'_>, _plan: &mut Plan) {
    let spec = view.cluster().map(|cluster| cluster.spec.clone()).unwrap_or_default();
    let without: Vec<_> = addresses.networks().filter(|network| network.subnet.is_none()).cloned().collect();
    for network in without {
        let free = network.spec.subnet.or_else(|| free_subnet(&spec, addresses));
        match free {
            Some(subnet) => addresses.set_subnet(network.id, subnet),
            None => tracing::warn!(network = network.spec.name, "no subnet of the address pools is free"),
        }
    }
}

/// The first subnet of the pools that shares no address with any network.
fn free_subnet(spec: &ClusterSpec, addresses: &Addresses<'_>) -> Option<Subnet> {
    let candidates = spec.address_pools.iter().flat_map(|&pool| subnets(pool, spec.subnet_prefix_bits));
    let mut taken = addresses.networks().filter_map(|network| network.subnet).collect::<Vec<_>>();
    taken.sort_unstable();
    candidates.into_iter().find(|candidate| taken.iter().all(|subnet| !subnet.overlaps(*candidate)))
}

fn subnets(pool: Subnet, prefix_bits: u8) -> impl Iterator<Item = Subnet> {
    let bits = prefix_bits.clamp(pool.prefix_bits, 30);
    let count = 1_u32 << (bits - pool.prefix_bits);
    let first = pool.address.to_bits() & pool.mask();
    (0..count)
        .map(move |index| Subnet { address: (first | (index << (32 - bits))).into(), prefix_bits: bits })
}
