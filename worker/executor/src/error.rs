use thiserror::Error;

/// A step of a task did not work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ControllerError {
    /// The task cannot run on this node as it is specified; another try here would fail again.
    #[error("{0}")]
    Rejected(String),
    /// Something went wrong that may go right at the next try.
    #[error("{0}")]
    Temporary(String),
    /// The container could not be started or ended at once.
    #[error("{reason}")]
    Failed {
        /// Why.
        reason: String,
        /// The exit code to show, e.g. 127 for a command that is not there.
        exit_code: Option<i32>,
    },
}

impl ControllerError {
    /// Whether the same call may work a moment later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Temporary(_))
    }
}
