use serde::{Deserialize, Serialize};

use crate::{Version, rfc3339};

/// How far an update is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpdateStatus {
    /// `updating`, `paused`, `completed`, `rollback_started`, `rollback_paused` or `rollback_completed`.
    pub state: String,
    /// When it began.
    pub started_at: String,
    /// When it came to its end, whichever that was; empty before.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub completed_at: String,
    /// What is going on.
    pub message: String,
    /// Slots that were to change when it began. Docker does not say this, nor the next two.
    pub slots: u32,
    /// Slots whose new task failed.
    pub failures: u32,
    /// The first of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<UpdateFailure>,
}

impl UpdateStatus {
    /// Whether tasks are being replaced.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state.as_str(), "updating" | "rollback_started")
    }
}

/// A task that failed in an update.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpdateFailure {
    /// The task.
    #[serde(rename = "TaskID")]
    pub task_id: String,
    /// What went wrong.
    pub error: String,
    /// The last lines that it wrote, oldest first.
    pub log_tail: Vec<String>,
}

/// A job's present run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JobStatus {
    /// Counts the runs, from 0.
    pub job_iteration: Version,
    /// When it was asked for.
    pub last_execution: String,
}

impl From<&skep_model::UpdateStatus> for UpdateStatus {
    fn from(status: &skep_model::UpdateStatus) -> Self {
        Self {
            state: status.state.to_string(),
            started_at: rfc3339(status.started_at),
            completed_at: status.completed_at.map(rfc3339).unwrap_or_default(),
            message: status.message.clone(),
            slots: status.slots,
            failures: status.failures,
            first_failure: status.first_failure.as_deref().map(UpdateFailure::from),
        }
    }
}

impl From<&skep_model::UpdateFailure> for UpdateFailure {
    fn from(failure: &skep_model::UpdateFailure) -> Self {
        Self {
            task_id: failure.task.map(|task| task.to_string()).unwrap_or_default(),
            error: failure.error.clone(),
            log_tail: failure.log_tail.clone(),
        }
    }
}

impl From<&skep_model::JobRun> for JobStatus {
    fn from(run: &skep_model::JobRun) -> Self {
        Self { job_iteration: Version { index: run.iteration }, last_execution: rfc3339(run.started_at) }
    }
}
