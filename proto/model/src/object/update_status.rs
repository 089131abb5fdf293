use std::fmt;

use crate::{TaskId, Timestamp};

/// How far the latest update of a service is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct UpdateStatus {
    /// Where it stands.
    pub state: UpdateState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it came to its end, whichever that was.
    pub completed_at: Option<Timestamp>,
    /// What is going on, for people.
    pub message: String,
    /// Slots that were to change when it began: the failures are a share of them.
    pub slots: u32,
    /// Tasks of the new spec that failed within it.
    pub failures: u32,
    /// The first of these.
    pub first_failure: Option<Box<UpdateFailure>>,
}

/// A task that failed in an update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct UpdateFailure {
    /// The task; none in an empty record.
    pub task: Option<TaskId>,
    /// What went wrong.
    pub error: String,
    /// The last lines that it wrote, oldest first.
    pub log_tail: Vec<String>,
}

/// Where an update stands; the words are Docker's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum UpdateState {
    /// Tasks are being replaced.
    #[default]
    Updating,
    /// It stopped: too many tasks failed.
    Paused,
    /// All tasks have the new spec.
    Completed,
    /// Tasks are being brought back to the spec before.
    RollbackStarted,
    /// That stopped as well.
    RollbackPaused,
    /// All tasks have the spec before.
    RollbackCompleted,
}

impl UpdateState {
    /// The word that users read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Updating => "updating",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::RollbackStarted => "rollback_started",
            Self::RollbackPaused => "rollback_paused",
            Self::RollbackCompleted => "rollback_completed",
        }
    }

    /// Whether tasks are being replaced.
    pub fn is_running(self) -> bool {
        matches!(self, Self::Updating | Self::RollbackStarted)
    }

    /// Whether it stopped before its end, until somebody changes the service.
    pub fn is_paused(self) -> bool {
        matches!(self, Self::Paused | Self::RollbackPaused)
    }

    /// Whether it goes back to a spec that there was before.
    pub fn is_rollback(self) -> bool {
        matches!(self, Self::RollbackStarted | Self::RollbackPaused | Self::RollbackCompleted)
    }
}

impl fmt::Display for UpdateState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.word())
    }
}
