//! The orchestrator of replicated services: as many wanted slots as replicas.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_model::{Change, Kind, NodeId, Service, ServiceMode, Task, TaskState, Timestamp};
use skep_store::View;

use crate::new_task::{dismiss, new_task};
use crate::place::{Place, free_slots, wanted_places};
use crate::reconciler::{Plan, Reconciler};

/// Makes tasks for missing slots, retires those of surplus slots.
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
            if let ServiceMode::Replicated { replicas } = service.spec.mode {
                plan_service(view, now, service, usize::try_from(replicas).unwrap_or(usize::MAX), &mut plan);
            }
        }
        plan
    }
}

fn plan_service(view: &View, now: Timestamp, service: &Service, replicas: usize, plan: &mut Plan) {
    let slots = view.task_counts(service.id).slots as usize;
    if slots < replicas {
        for slot in free_slots(view, service.id).take(replicas - slots) {
            let task = new_task(view, now, service, Place::slot(slot));
            plan.group([Change::Create(task.into())]);
        }
    } else if slots > replicas {
        let places = wanted_places(view, service.id);
        let why = format!("the service was scaled to {replicas}");
        for place in surplus_places(&places, slots - replicas) {
            let tasks = places.get(&place).into_iter().flatten();
            plan.group(tasks.filter_map(|task| dismiss(task, TaskState::Remove, now, &why)));
        }
    }
}

/// The places to give up, so that what stays is running and spread: each counts as the n-th of the service on its node
/// (running ones first, then low numbers), and the highest counts go first.
fn surplus_places(places: &BTreeMap<Place, Vec<&Arc<Task>>>, count: usize) -> Vec<Place> {
    let mut order: Vec<(bool, Place, Option<NodeId>)> = places
        .iter()
        .map(|(&place, tasks)| {
            let running = tasks.iter().any(|task| task.status.state == TaskState::Running);
            (!running, place, tasks.first().and_then(|task| task.node))
        })
        .collect();
    order.sort_unstable();
    let mut on_node: BTreeMap<NodeId, u32> = BTreeMap::new();
    let mut ranked: Vec<(u32, usize, Place)> = order
        .iter()
        .enumerate()
        .map(|(position, &(_, place, node))| {
            let rank = node.map_or(u32::MAX, |node| {
                let nth = on_node.entry(node).or_insert(0);
                *nth += 1;
                *nth
            });
            (rank, position, place)
        })
        .collect();
    ranked.sort_unstable();
    ranked.iter().rev().take(count).map(|&(_, _, place)| place).collect()
}
