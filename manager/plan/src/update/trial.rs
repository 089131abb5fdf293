//! How the new spec does in one slot.

use std::sync::Arc;
use std::time::Duration;

use skep_model::{RestartCondition, Service, Task, TaskState, TaskStatus, Timestamp};
use skep_store::View;

use super::staleness::Staleness;

/// What became of a slot since an update gave it the new spec. It is read from the task and those that it replaced, so
/// that nothing need be remembered of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial<'a> {
    /// The first task of the new spec that ended too early.
    pub(super) failure: Option<&'a Arc<Task>>,
    /// When the first one ran, or ended; none until then.
    pub(super) settled_at: Option<Timestamp>,
    /// Whether the update waits for it before it goes on to others: not where the task before did not run either.
    pub(super) holds_up: bool,
}

impl<'a> Trial<'a> {
    /// Of the slot of this task, which has the new spec; none when no update put it there. A task fails when it ends
    /// within `monitor` after it began to run, or before that.
    pub(super) fn of(
        view: &'a View,
        service: &Service,
        staleness: &Staleness<'_>,
        newest: &'a Arc<Task>,
        monitor: Duration,
    ) -> Option<Self> {
        let mut trial = Self { failure: None, settled_at: None, holds_up: true };
        let mut task = newest;
        loop {
            let ended_at = task.status.state.is_ended().then_some(task.status.at);
            trial.settled_at = running_at(&task.timeline).or(ended_at).or(trial.settled_at);
            if ends_too_early(service, task, monitor) {
                trial.failure = Some(task);
            }
            let replaced = task.restarts.as_deref()?.replaces?;
            match view.task(replaced) {
                Some(before) if before.spec_version == service.spec_version => task = before,
                Some(before) if staleness.is_stale(before) => {
                    trial.holds_up = ran_until(&before.status, &before.timeline, task.meta.created_at);
                    return Some(trial);
                }
                Some(_) => return None,
                None => {
                    let record = view.task_record(replaced);
                    // Without a record, that it ran is the safe guess.
                    trial.holds_up =
                        record.is_none_or(|it| ran_until(&it.status, &it.timeline, task.meta.created_at));
                    return Some(trial);
                }
            }
        }
    }
}

/// When a task began to run.
fn running_at(timeline: &[(TaskState, Timestamp)]) -> Option<Timestamp> {
    timeline.iter().find(|step| step.0 == TaskState::Running).map(|step| step.1)
}

/// Whether a task ran, and did not end by itself before this.
fn ran_until(status: &TaskStatus, timeline: &[(TaskState, Timestamp)], moment: Timestamp) -> bool {
    let by_itself = matches!(status.state, TaskState::Complete | TaskState::Failed | TaskState::Rejected);
    running_at(timeline).is_some() && !(by_itself && status.at <= moment)
}

/// Where tasks are to run for ever, ending well is a failure, too.
fn ends_too_early(service: &Service, task: &Task, monitor: Duration) -> bool {
    let failed = match task.status.state {
        TaskState::Failed | TaskState::Rejected => true,
        TaskState::Complete => service.spec.task.restart.condition == RestartCondition::Any,
        _ => false,
    };
    failed && running_at(&task.timeline).is_none_or(|at| task.status.at.since(at) <= monitor)
}
