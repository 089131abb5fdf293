//! Moves running tasks so that a service is spread evenly again: which (`moves.rs`), one at a time (`working.rs`), and by itself
//! when a node came back (`returned.rs`).

mod moves;
mod returned;
mod working;

#[cfg(test)]
mod rebalance_test;

use std::sync::Arc;

use skep_model::{Kind, Service, ServiceMode, Timestamp, UpdateState};
use skep_store::View;

pub use moves::{Move, moves};

use crate::reconciler::{Plan, Reconciler};

/// Works off what services' `rebalance` lists say, and fills them when a node came back and the swarm is set so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rebalance;

impl Reconciler for Rebalance {
    fn name(&self) -> &'static str {
        "rebalance"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Service, Kind::Task, Kind::Node, Kind::Cluster]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        for service in view.services().filter(|service| !service.rebalance.is_empty()) {
            plan.group(working::step(view, now, service));
        }
        returned::plan(view, now, &mut plan);
        plan
    }
}

/// Whether tasks of the service may be moved now: it has a number of them, and no update is going on, nor stopped half-way.
fn may_move(service: &Arc<Service>) -> bool {
    let state = service.update.as_ref().map(|update| update.state);
    let settled = matches!(state, None | Some(UpdateState::Completed | UpdateState::RollbackCompleted));
    settled && matches!(service.spec.mode, ServiceMode::Replicated { .. })
}
