//! Which tasks nobody needs any more.

use std::sync::Arc;

use skep_model::{NodeId, ServiceId, Task, TaskState, limits};
use skep_store::View;

/// Tasks that were to be removed and have ended, and those that a slot has too many of.
pub(super) fn done_with(view: &View) -> Vec<&Arc<Task>> {
    let cluster = view.cluster();
    let limit = cluster.map_or(limits::TASK_HISTORY_PER_SLOT_DEFAULT, |c| c.spec.task_history_per_slot);
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let mut done: Vec<&Arc<Task>> = view.doomed_tasks().filter(|task| nothing_is_left(view, task)).collect();
    for (service, slot, node) in view.crowded_slots(limit) {
        done.extend(surplus(view, service, slot, node, limit));
    }
    done
}

/// Whether nothing of the task can be left on any node.
fn nothing_is_left(view: &View, task: &Task) -> bool {
    let node_gone = task.node.is_some_and(|id| view.node(id).is_none());
    task.status.state.is_ended() || task.node.is_none() || node_gone
}

/// The oldest of the tasks of a slot whose story is over, as many as there are too many.
fn surplus(view: &View, service: ServiceId, slot: u32, node: Option<NodeId>, limit: u32) -> Vec<&Arc<Task>> {
    let over = |task: &&Arc<Task>| task.desired == TaskState::Shutdown && task.status.state.is_ended();
    let mut history: Vec<&Arc<Task>> = match node {
        Some(node) => view
            .node_tasks(node)
            .filter(|task| (task.service, task.slot) == (service, slot))
            .filter(over)
            .collect(),
        None => view.slot_tasks(service, slot).filter(over).collect(),
    };
    // With a bound on restarts all of a slot's tries are kept, as Swarm does.
    let bounds =
        history.iter().filter_map(|task| view.task_spec(task)).map(|it| it.task.restart.attempts_max);
    let tries = match bounds.max().unwrap_or(0) {
        0 => 0,
        bound => bound.saturating_add(1),
    };
    // An update asks of the task before whether it ran, and of failed ones how.
    let updating =
        view.service(service).and_then(|it| it.update.as_ref()).is_some_and(|it| it.state.is_running());
    let kept = u64::from(limit).max(tries).max(u64::from(updating));
    history.sort_unstable_by_key(|task| (task.meta.created_at, task.id));
    history.truncate(history.len().saturating_sub(usize::try_from(kept).unwrap_or(usize::MAX)));
    history
}
