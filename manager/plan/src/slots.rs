//! A service's tasks by slot.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_model::{Availability, NodeState, ServiceId, Task};
use skep_store::View;

/// The tasks of a service that managers want to run, by slot. A slot usually has one.
pub(crate) fn wanted_slots(view: &View, service: ServiceId) -> BTreeMap<u32, Vec<&Arc<Task>>> {
    let mut slots: BTreeMap<u32, Vec<&Arc<Task>>> = BTreeMap::new();
    for task in view.service_tasks(service).filter(|task| task.is_wanted()) {
        slots.entry(task.slot).or_default().push(task);
    }
    slots
}

/// Whether a task's node is gone, so that it has to run elsewhere.
pub(crate) fn node_lost(view: &View, task: &Task) -> bool {
    task.node.is_some_and(|id| view.node(id).is_none_or(|node| node.status.state == NodeState::Down))
}

/// Whether the operator wants a task's node empty.
pub(crate) fn node_drained(view: &View, task: &Task) -> bool {
    let node = task.node.and_then(|id| view.node(id));
    node.is_some_and(|node| node.spec.availability == Availability::Drain)
}
