//! The restart supervisor: replaces tasks that ended, as their policy says.

use std::sync::Arc;

use skep_model::{
    Change, Kind, NodeId, Object, RestartCondition, RestartPolicy, Service, Task, TaskState, Timestamp,
    limits,
};
use skep_store::View;

use crate::new_task::{dismiss, goal, replacement};
use crate::place::{emptied_because, keeps_tasks, node_lost};
use crate::reconciler::{Plan, Reconciler};
use crate::update::holds_spec;

/// Makes replacements (desired `Ready`) for tasks that ended or lost their node, and lets them start when the delay is
/// over and the old task has ended. What it must remember stands in the tasks themselves, so a new leader goes on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Restart;

impl Reconciler for Restart {
    fn name(&self) -> &'static str {
        "restart supervisor"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Task, Kind::Node, Kind::Service]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let emptied = |id: NodeId| !view.node(id).is_some_and(|node| keeps_tasks(node));
        for task in view.unsettled_tasks() {
            let Some(service) = view.service(task.service) else { continue };
            if task.status.state.is_ended() {
                restart(view, now, service, task, &mut plan);
            } else if !task.node.is_some_and(emptied) {
                start(view, now, service, task, &mut plan);
            }
        }
        for node in emptied_nodes(view) {
            for task in view.node_wanted(node).filter(|task| !task.status.state.is_ended()) {
                // A global service's tasks have nowhere to go to: their orchestrator shuts them down.
                if let Some(service) = view.service(task.service).filter(|one| !one.spec.mode.is_global()) {
                    // It is no fault of the task: no delay, and not counted.
                    let next = replacement(view, now, service, task, version(view, service, task), now);
                    replace(task, next, &emptied_because(view, node), &mut plan);
                }
            }
        }
        plan
    }
}

/// The nodes that cannot keep their tasks, those that are gone included.
fn emptied_nodes(view: &View) -> impl Iterator<Item = NodeId> + '_ {
    let mut keeping = view.nodes().filter(|node| keeps_tasks(node)).map(|node| node.id).peekable();
    view.nodes_in_use().filter(move |&id| {
        while keeping.next_if(|&first| first < id).is_some() {}
        keeping.peek() != Some(&id)
    })
}

/// Whether a task that ended is to be replaced. `now` matters for policies with a window.
pub fn should_restart(policy: &RestartPolicy, task: &Task, now: Timestamp) -> bool {
    let wanted = wants_restart(policy, task);
    if !wanted || policy.attempts_max == 0 {
        return wanted;
    }
    let Some(history) = task.restarts.as_deref() else { return true };
    let counted = if policy.window.is_zero() {
        u64::from(history.attempts)
    } else {
        history.recent.iter().filter(|&&at| now.since(at) < policy.window).count() as u64
    };
    counted < policy.attempts_max
}

/// Whether a task has ended and will never be replaced as things stand.
pub(crate) fn gave_up(view: &View, task: &Task) -> bool {
    let policy = view.task_spec(task).map(|spec| spec.task.restart).unwrap_or_default();
    let frees_itself = wants_restart(&policy, task) && !policy.window.is_zero();
    task.status.state.is_ended() && !frees_itself && !should_restart(&policy, task, Timestamp::NEVER)
}

/// What the policy says of this end alone. Of a job no task is asked about that ended well.
fn wants_restart(policy: &RestartPolicy, task: &Task) -> bool {
    match policy.condition {
        RestartCondition::None => false,
        RestartCondition::OnFailure => task.status.state != TaskState::Complete,
        RestartCondition::Any => true,
    }
}

fn restart(view: &View, now: Timestamp, service: &Service, task: &Arc<Task>, plan: &mut Plan) {
    let policy = view.task_spec(task).map_or(service.spec.task.restart, |spec| spec.task.restart);
    if !should_restart(&policy, task, now) {
        wake_when_window_passes(&policy, task, now, plan);
        return;
    }
    // One that was refused before its own delay was over must not make the next one come sooner.
    let own = task.restarts.as_deref().map_or(Timestamp::NEVER, |history| history.not_before);
    if now < own {
        plan.wake(own);
        return;
    }
    let not_before = task.status.at.max(own).plus(policy.delay);
    let mut next = replacement(view, now, service, task, version(view, service, task), not_before);
    if let Some(history) = next.restarts.as_deref_mut() {
        history.attempts = history.attempts.saturating_add(1);
        history.recent.push(now);
        let kept = usize::try_from(policy.attempts_max).unwrap_or(usize::MAX).min(history.recent.len());
        history.recent.drain(..history.recent.len() - kept);
    }
    replace(task, next, "it had ended, and the restart policy has another take its place", plan);
}

fn replace(task: &Arc<Task>, next: Task, why: &str, plan: &mut Plan) {
    let old = dismiss(task, TaskState::Shutdown, next.meta.created_at, why);
    plan.group(old.into_iter().chain([Change::Create(next.into())]));
}

/// The spec of a task's replacement: the service's present one, but while an update is on its way, or is paused, that of
/// the task itself: a bad update must not spread by restarts.
fn version(view: &View, service: &Service, task: &Task) -> u64 {
    if holds_spec(view, service, task) { task.spec_version } else { service.spec_version }
}

/// A bound within a window frees itself when the oldest replacement leaves the window.
fn wake_when_window_passes(policy: &RestartPolicy, task: &Task, now: Timestamp, plan: &mut Plan) {
    if policy.condition == RestartCondition::None || policy.window.is_zero() {
        return;
    }
    let ends =
        task.restarts.iter().flat_map(|history| history.recent.iter()).map(|at| at.plus(policy.window));
    if let Some(moment) = ends.filter(|&end| end > now).min() {
        plan.wake(moment);
    }
}

fn start(view: &View, now: Timestamp, service: &Service, task: &Arc<Task>, plan: &mut Plan) {
    let not_before = task.restarts.as_deref().map_or(Timestamp::NEVER, |history| history.not_before);
    if now < not_before {
        plan.wake(not_before);
        return;
    }
    let replaced = task.restarts.as_deref().and_then(|history| history.replaces).and_then(|id| view.task(id));
    let give_up = not_before.plus(limits::RESTART_OLD_TASK_WAIT_MAX);
    let free =
        replaced.is_none_or(|old| old.status.state.is_ended() || old.node.is_none() || node_lost(view, old));
    if free || now >= give_up {
        let started = Task { desired: goal(service), ..Task::clone(task) };
        plan.group([Change::Update(Object::Task(Arc::new(started)))]);
    } else {
        plan.wake(give_up);
    }
}
