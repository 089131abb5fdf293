//! The restart supervisor: replaces tasks that ended, as their policy says.

use std::sync::Arc;

use skep_model::{
    Change, Kind, Object, RestartCondition, RestartPolicy, Service, Task, TaskState, Timestamp, limits,
};
use skep_store::View;

use crate::new_task::{desire, replacement};
use crate::reconciler::{Plan, Reconciler};
use crate::slots::{node_drained, node_lost};

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
        for service in view.services() {
            for task in view.service_tasks(service.id).filter(|task| task.is_wanted()) {
                if task.status.state.is_ended() || node_lost(view, task) || node_drained(view, task) {
                    plan_replacement(view, now, service, task, &mut plan);
                } else if task.desired == TaskState::Ready {
                    plan_start(view, now, task, &mut plan);
                }
            }
        }
        plan
    }
}

/// Whether a task that ended is to be replaced. `now` matters for policies with a window.
pub fn should_restart(policy: &RestartPolicy, task: &Task, now: Timestamp) -> bool {
    let wanted = match policy.condition {
        RestartCondition::None => false,
        RestartCondition::OnFailure => task.status.state != TaskState::Complete,
        RestartCondition::Any => true,
    };
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

fn plan_replacement(view: &View, now: Timestamp, service: &Service, task: &Arc<Task>, plan: &mut Plan) {
    let ended = task.status.state.is_ended();
    let policy = view.task_spec(task).map_or(service.spec.task.restart, |spec| spec.task.restart);
    if ended && !should_restart(&policy, task, now) {
        wake_when_window_passes(&policy, task, now, plan);
        return;
    }
    // One that was refused before its own delay was over must not make the next one come sooner.
    let own = task.restarts.as_deref().map_or(Timestamp::NEVER, |history| history.not_before);
    if ended && now < own {
        plan.wake(own);
        return;
    }
    // A node that is being emptied or lost is no fault of the task: no delay, and not counted.
    let delay = if ended { policy.delay } else { std::time::Duration::ZERO };
    let since = if ended { task.status.at.max(own) } else { now };
    let mut next = replacement(view, now, service, task, since.plus(delay));
    if ended && let Some(history) = next.restarts.as_deref_mut() {
        history.attempts = history.attempts.saturating_add(1);
        history.recent.push(now);
        let kept = usize::try_from(policy.attempts_max).unwrap_or(usize::MAX).min(history.recent.len());
        history.recent.drain(..history.recent.len() - kept);
    }
    let retired = desire(task, TaskState::Shutdown);
    plan.group(retired.into_iter().chain([Change::Create(next.into())]));
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

fn plan_start(view: &View, now: Timestamp, task: &Arc<Task>, plan: &mut Plan) {
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
        let started = Task { desired: TaskState::Running, ..Task::clone(task) };
        plan.group([Change::Update(Object::Task(Arc::new(started)))]);
    } else {
        plan.wake(give_up);
    }
}
