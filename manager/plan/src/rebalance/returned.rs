//! Nodes that came back or are new get a share of what runs, where the swarm is set so.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_model::{Change, NodeId, Service, Timestamp, limits};
use skep_store::View;

use super::may_move;
use super::moves::{Move, moves_to};
use crate::place::takes_tasks;
use crate::reconciler::Plan;

/// Fills the list of every service that has tasks for a node that has been ready for a while now: with no more than the share of its
/// tasks that the swarm allows, those counted that came to these nodes since; what came before did not move by itself.
pub(super) fn plan(view: &View, now: Timestamp, plan: &mut Plan) {
    let percent = view.cluster().map_or(0, |cluster| cluster.spec.rebalance_percent);
    if percent == 0 {
        return;
    }
    let mut returned: BTreeMap<NodeId, Timestamp> = BTreeMap::new();
    for node in view.nodes().filter(|node| takes_tasks(node)) {
        let settled = node.status.since.plus(limits::REBALANCE_READY);
        if now < settled {
            plan.wake(settled);
        } else if now < settled.plus(limits::REBALANCE_WINDOW) {
            returned.insert(node.id, settled);
        }
    }
    if returned.is_empty() {
        return;
    }
    let idle = view.services().filter(|service| service.rebalance.is_empty() && may_move(service));
    for service in idle {
        let moves = share(view, service, now, percent, &returned);
        if !moves.is_empty() {
            let rebalance = moves.into_iter().map(|each| each.task).collect();
            plan.group([Change::Update(Service { rebalance, ..Service::clone(service) }.into())]);
        }
    }
}

fn share(
    view: &View,
    service: &Arc<Service>,
    now: Timestamp,
    percent: u8,
    returned: &BTreeMap<NodeId, Timestamp>,
) -> Vec<Move> {
    let total = u64::from(view.task_counts(service.id).wanted);
    let allowed = usize::try_from(total * u64::from(percent) / 100).unwrap_or(usize::MAX);
    if allowed == 0 || !may_be_uneven(view, service, returned) {
        return Vec::new();
    }
    let came = |(node, settled): (&NodeId, &Timestamp)| {
        let there = view.node_tasks(*node).filter(|task| task.service == service.id && task.is_wanted());
        there.filter(|task| task.meta.created_at >= *settled).count()
    };
    let came: usize = returned.iter().map(came).sum();
    let mut moves = moves_to(view, service, now, |node| returned.contains_key(&node));
    moves.truncate(allowed.saturating_sub(came));
    moves
}

/// A cheap look before the dear one: without preferences, only nodes that differ by two or more are uneven.
fn may_be_uneven(view: &View, service: &Service, returned: &BTreeMap<NodeId, Timestamp>) -> bool {
    if !service.spec.task.placement.spread.is_empty() {
        return true;
    }
    let on_nodes: BTreeMap<NodeId, u32> = view.service_on_nodes(service.id).collect();
    let most = on_nodes.values().max().copied().unwrap_or(0);
    let least = returned.keys().map(|node| on_nodes.get(node).copied().unwrap_or(0)).min();
    least.is_some_and(|least| least + 2 <= most)
}
