//! What an update's failures lead to.

use std::sync::Arc;

use skep_model::{
    Change, FailureAction, Service, Task, Timestamp, UpdateConfig, UpdateFailure, UpdateState, UpdateStatus,
};

use super::trial::Trial;

/// Counts the failures. Tells the failed task when there are too many of them to go on.
pub(super) fn tally<'a>(
    status: &mut UpdateStatus,
    config: &UpdateConfig,
    trials: &[Trial<'a>],
) -> Option<&'a Arc<Task>> {
    let failed = trials.iter().filter_map(|trial| trial.failure);
    let first = failed.clone().min_by_key(|task| (task.status.at, task.id))?;
    let count = u32::try_from(failed.count()).unwrap_or(u32::MAX);
    if status.failures == 0 {
        status.first_failure = Some(Box::new(failure(first)));
    }
    // What failed before may be forgotten by now.
    status.failures = status.failures.max(count);
    let share = u64::from(status.failures) * 1_000_000;
    let too_many = share > u64::from(config.max_failure_ppm) * u64::from(status.slots);
    (too_many && config.failure_action != FailureAction::Continue).then_some(first)
}

/// Stops the update, or goes back to the spec before: the changes that this takes.
pub(super) fn act(
    service: &Service,
    mut status: UpdateStatus,
    config: &UpdateConfig,
    task: &Task,
    now: Timestamp,
) -> Vec<Change> {
    let because = format!("due to failure or early termination of task {}: {}", task.id, reason(task));
    // A rollback is never rolled back.
    let back = config.failure_action == FailureAction::Rollback && !status.state.is_rollback();
    if let Some(spec) = service.previous_spec.clone().filter(|_| back) {
        let (next, revision) = service.with_spec(spec, now);
        let update = UpdateStatus {
            state: UpdateState::RollbackStarted,
            started_at: now,
            message: format!("update rolled back {because}"),
            // It says why there is a rollback, until the rollback has a failure of its own.
            first_failure: status.first_failure,
            ..UpdateStatus::default()
        };
        // The spec that failed is nothing to go back to.
        let next = Service { previous_spec: None, update: Some(Box::new(update)), ..next };
        return vec![Change::Update(next.into()), Change::Create(revision.into())];
    }
    let (state, what) = match status.state.is_rollback() {
        true => (UpdateState::RollbackPaused, "rollback"),
        false => (UpdateState::Paused, "update"),
    };
    status.state = state;
    status.completed_at = Some(now);
    status.message = format!("{what} paused {because}");
    vec![Change::Update(Service { update: Some(Box::new(status)), ..service.clone() }.into())]
}

fn failure(task: &Task) -> UpdateFailure {
    let log_tail = task.status.container.as_deref().map(|container| container.log_tail.clone());
    UpdateFailure {
        task: Some(task.id),
        error: reason(task).to_owned(),
        log_tail: log_tail.unwrap_or_default(),
    }
}

/// What the task says went wrong.
fn reason(task: &Task) -> &str {
    if task.status.error.is_empty() { "it ended by itself" } else { &task.status.error }
}
