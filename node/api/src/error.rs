use thiserror::Error;

/// What kind of refusal it is; `status.rs` gives each its HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostErrorKind {
    /// The request is malformed.
    Invalid,
    /// A secret that was given is the wrong one.
    Unauthorized,
    /// There is no such object.
    NotFound,
    /// The object is in use, or already so.
    Conflict,
    /// This node is in no swarm, is in one already, or does not manage it.
    NotInSwarm,
    /// Nobody can answer now: no leader, no majority, the daemon is shutting down.
    Unavailable,
    /// Something failed on this node.
    Internal,
}

/// The node did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct HostError {
    /// What kind of refusal it is.
    pub kind: HostErrorKind,
    /// What failed, on what, why, and what to do.
    pub message: String,
}

impl HostError {
    /// An error of this kind that says this.
    pub fn new(kind: HostErrorKind, message: impl std::fmt::Display) -> Self {
        Self { kind, message: message.to_string() }
    }
}
