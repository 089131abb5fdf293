//! What an agent does next with a task.

use skep_model::TaskState;

/// The next thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Say that the node took the task on.
    Accept,
    /// Get the image and make the container.
    Prepare,
    /// Start the container.
    Start,
    /// Wait until the container ends or something else is wanted.
    Watch,
    /// Stop the container, if there is one.
    Stop,
    /// Wait until something else is wanted.
    Rest,
    /// Remove what is left.
    Remove,
}

/// What to do for a task that is in `state` and should be in `desired`. Depends on nothing else, so that a restarted agent
/// goes on where the old one stopped.
pub fn next_step(state: TaskState, desired: TaskState) -> Step {
    if state.is_ended() {
        return if desired == TaskState::Remove { Step::Remove } else { Step::Rest };
    }
    if desired > TaskState::Complete {
        return Step::Stop;
    }
    match state {
        TaskState::New | TaskState::Pending | TaskState::Assigned => Step::Accept,
        TaskState::Accepted | TaskState::Preparing => Step::Prepare,
        TaskState::Ready if desired <= TaskState::Ready => Step::Rest,
        TaskState::Ready | TaskState::Starting => Step::Start,
        _ => Step::Watch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_from_assignment_to_running() {
        let desired = TaskState::Running;
        assert_eq!(next_step(TaskState::Assigned, desired), Step::Accept);
        assert_eq!(next_step(TaskState::Accepted, desired), Step::Prepare);
        assert_eq!(next_step(TaskState::Ready, desired), Step::Start);
        assert_eq!(next_step(TaskState::Running, desired), Step::Watch);
        assert_eq!(next_step(TaskState::Failed, desired), Step::Rest);
    }

    #[test]
    fn a_replacement_gets_ready_and_waits() {
        assert_eq!(next_step(TaskState::Accepted, TaskState::Ready), Step::Prepare);
        assert_eq!(next_step(TaskState::Ready, TaskState::Ready), Step::Rest);
    }

    #[test]
    fn a_jobs_task_runs_to_its_end() {
        assert_eq!(next_step(TaskState::Ready, TaskState::Complete), Step::Start);
        assert_eq!(next_step(TaskState::Running, TaskState::Complete), Step::Watch);
        assert_eq!(next_step(TaskState::Complete, TaskState::Complete), Step::Rest);
    }

    #[test]
    fn stopping_wins_over_everything_that_has_not_ended() {
        for &state in TaskState::all().iter().filter(|state| !state.is_ended()) {
            assert_eq!(next_step(state, TaskState::Shutdown), Step::Stop, "{state}");
            assert_eq!(next_step(state, TaskState::Remove), Step::Stop, "{state}");
        }
        assert_eq!(next_step(TaskState::Shutdown, TaskState::Remove), Step::Remove);
    }
}
