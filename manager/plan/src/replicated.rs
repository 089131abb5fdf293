//! The orchestrator of replicated services: as many wanted slots as replicas.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_model::{Change, Kind, NodeId, Service, ServiceMode, Task, TaskState, Timestamp};
use skep_store::View;

use crate::new_task::{desire, new_task};
use crate::reconciler::{Plan, Reconciler};
use crate::slots::wanted_slots;

/// Makes tasks for missing slots, retires those of surplus slots and of services that are gone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replicated;

impl Reconciler for Replicated {
    fn name(&self) -> &'static str {
        "replicated orchestrator"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Service, Kind::Task]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        for service in view.services() {
            plan_service(view, now, service, &mut plan);
        }
        for id in view.services_with_tasks().filter(|&id| view.service(id).is_none()) {
            let retired = view.service_tasks(id).filter_map(|task| desire(task, TaskState::Remove));
            retired.for_each(|change| plan.group([change]));
        }
        plan
    }
}

fn plan_service(view: &View, now: Timestamp, service: &Service, plan: &mut Plan) {
    let ServiceMode::Replicated { replicas } = service.spec.mode else { return };
    let replicas = usize::try_from(replicas).unwrap_or(usize::MAX);
    let slots = wanted_slots(view, service.id);
    if slots.len() > replicas {
        for slot in surplus_slots(&slots, slots.len() - replicas) {
            let tasks = slots.get(&slot).into_iter().flatten();
            plan.group(tasks.filter_map(|task| desire(task, TaskState::Remove)));
        }
    } else {
        let free = (1..=u32::MAX).filter(|slot| !slots.contains_key(slot));
        for slot in free.take(replicas - slots.len()) {
            plan.group([Change::Create(new_task(view, now, service, slot, TaskState::Running).into())]);
        }
    }
}

/// The slots to give up, so that what stays is running and spread: each slot counts as the n-th of the service on its
/// node (running ones first, then low numbers), and the highest counts go first.
fn surplus_slots(slots: &BTreeMap<u32, Vec<&Arc<Task>>>, count: usize) -> Vec<u32> {
    let mut order: Vec<(bool, u32, Option<NodeId>)> = slots
        .iter()
        .map(|(&slot, tasks)| {
            let running = tasks.iter().any(|task| task.status.state == TaskState::Running);
            (!running, slot, tasks.first().and_then(|task| task.node))
        })
        .collect();
    order.sort_unstable();
    let mut on_node: BTreeMap<NodeId, u32> = BTreeMap::new();
    let mut ranked: Vec<(u32, usize, u32)> = order
        .iter()
        .enumerate()
        .map(|(position, &(_, slot, node))| {
            let rank = node.map_or(u32::MAX, |node| {
                let nth = on_node.entry(node).or_insert(0);
                *nth += 1;
                *nth
            });
            (rank, position, slot)
        })
        .collect();
    ranked.sort_unstable();
    ranked.iter().rev().take(count).map(|&(_, _, slot)| slot).collect()
}
