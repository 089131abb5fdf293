//! One move at a time, the new task first: the old one ends when its successor runs.

use std::sync::Arc;

use skep_model::{Change, Service, Task, TaskId, TaskState, Timestamp};
use skep_store::View;

use super::may_move;
use super::moves::moves;
use crate::new_task::{dismiss, replacement};
use crate::place::keeps_tasks;

/// What to do about the first task of the service's list now; nothing while its successor is on its way. Where things are not as they
/// were when the list was made, the task stays and the list goes on.
pub(super) fn step(view: &View, now: Timestamp, service: &Arc<Service>) -> Vec<Change> {
    let Some(&first) = service.rebalance.first() else { return Vec::new() };
    let old = view.task(first);
    let successor = old.and_then(|old| successor(view, old));
    match (old, successor) {
        // An update replaces every task anyway.
        _ if !may_move(service) => {
            let of_update = |task: &Task| task.spec_version == service.spec_version && !replaces(task, first);
            let given_up = successor.filter(|task| !of_update(task)).and_then(|task| {
                dismiss(task, TaskState::Remove, now, "rebalancing ended: the service is being updated")
            });
            given_up.into_iter().chain([listed(service, Vec::new())]).collect()
        }
        (Some(old), None) if stands(view, old) => start(view, now, service, old),
        (Some(old), Some(next)) if !stands(view, old) || next.status.state == TaskState::Running => {
            let why = format!("it was moved to node {} to spread the service", host(view, next));
            dismiss(old, TaskState::Shutdown, now, &why).into_iter().chain([done(service)]).collect()
        }
        (Some(_), Some(next)) if failed(view, next) => {
            let why = "it did not come to run, so the task that it was to replace stays";
            dismiss(next, TaskState::Remove, now, why).into_iter().chain([done(service)]).collect()
        }
        (Some(_), Some(_)) => Vec::new(),
        _ => vec![done(service)],
    }
}

/// The task that is to take the place of this one: that which was made for it, or what has come in the place of that one meanwhile.
fn successor<'v>(view: &'v View, old: &Task) -> Option<&'v Arc<Task>> {
    let others = view.slot_tasks(old.service, old.slot).filter(|task| task.is_wanted() && task.id != old.id);
    others.max_by_key(|task| (task.meta.created_at, task.id))
}

fn replaces(task: &Task, old: TaskId) -> bool {
    task.restarts.as_deref().is_some_and(|history| history.replaces == Some(old))
}

/// The name of the task's node.
fn host<'v>(view: &'v View, task: &Task) -> &'v str {
    task.node.and_then(|id| view.node(id)).map_or("", |node| &node.description.hostname)
}

/// Whether the task runs where it may stay, so that only the spread speaks against it.
fn stands(view: &View, old: &Task) -> bool {
    let keeps = old.node.and_then(|node| view.node(node)).is_some_and(|node| keeps_tasks(node));
    old.is_wanted() && old.status.state == TaskState::Running && keeps
}

/// Whether the successor will not come to run: it ended, its node is gone or drained, or has no room for it any more.
fn failed(view: &View, next: &Task) -> bool {
    let refused = next.status.state <= TaskState::Pending && !next.status.error.is_empty();
    let keeps = |id| view.node(id).is_some_and(|node| keeps_tasks(node));
    next.status.state.is_ended() || next.node.is_some_and(|id| !keeps(id)) || refused
}

/// Makes the successor, on the node that it is best on as things stand now; none when the task is well where it is.
fn start(view: &View, now: Timestamp, service: &Arc<Service>, old: &Arc<Task>) -> Vec<Change> {
    let target = moves(view, service, now).into_iter().find(|each| Some(each.from) == old.node);
    let Some(target) = target else { return vec![done(service)] };
    let next = replacement(view, now, service, old, service.spec_version, now);
    let next = Task { desired: TaskState::Running, node: Some(target.to), ..next };
    vec![Change::Create(next.into())]
}

/// The list without its first task.
fn done(service: &Service) -> Change {
    listed(service, service.rebalance.iter().skip(1).copied().collect())
}

fn listed(service: &Service, rebalance: Vec<TaskId>) -> Change {
    Change::Update(Service { rebalance, ..service.clone() }.into())
}
