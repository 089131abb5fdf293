//! The allocator: numbers for nodes, subnets for networks, virtual addresses and ports for services, addresses for tasks and for plain
//! containers.

mod addresses;
mod attachment;
mod network;
mod node;
mod ports;
mod service;
mod shortage;
mod task;

#[cfg(test)]
mod address_test;
#[cfg(test)]
mod ipv6_test;

use skep_model::{Kind, Timestamp};
use skep_store::View;

use crate::reconciler::{Plan, Reconciler};
use addresses::Addresses;

/// Gives out addresses and ports; nothing is given out twice, because what is in use is read from the same view, and nothing
/// that was in use a moment ago ([`skep_model::limits::ADDRESS_REST`]): whatever waits for such an address is looked at again
/// when it has rested.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocator;

impl Reconciler for Allocator {
    fn name(&self) -> &'static str {
        "allocator"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Node, Kind::Network, Kind::Service, Kind::Task, Kind::Attachment]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let mut addresses = Addresses::new(view, now);
        network::plan(view, now, &mut addresses, &mut plan);
        service::plan(view, &mut addresses, &mut plan);
        task::plan(view, &mut addresses, &mut plan);
        attachment::plan(view, &mut addresses, &mut plan);
        // Cursors that moved, and subnets that were chosen, are written with what was given out.
        let networks = addresses.into_changes();
        if let (Some(first), false) = (plan.groups.first_mut(), networks.is_empty()) {
            first.extend(networks);
        } else if !networks.is_empty() {
            plan.group(networks);
        }
        node::plan(view, &mut plan);
        plan
    }
}
