//! What can go wrong, in a form that also travels over the socket.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// Result of a client call or of the keeper process.
pub type Result<T> = std::result::Result<T, Error>;

/// What a client of the keeper, or the keeper process itself, can fail with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The keeper understood the request and refused it, or the container could not be made.
    #[error(transparent)]
    Refused(#[from] Failure),
    /// A system call on the way to the keeper, or in the keeper, failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done, on what.
        what: String,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The keeper did not answer within the client's time limit.
    #[error("the keeper did not answer {request} within {millis} ms; is the machine overloaded?")]
    Timeout {
        /// Name of the request.
        request: &'static str,
        /// The limit, in milliseconds.
        millis: u128,
    },
    /// The other side does not speak this protocol, or closed the connection in the middle of an answer.
    #[error("keeper protocol: {0}")]
    Protocol(String),
    /// The keeper runs another version of the protocol.
    #[error("the keeper speaks protocol version {theirs}, this program version {ours}: upgrade the keeper")]
    Version {
        /// Version of this program.
        ours: u32,
        /// Version of the running keeper.
        theirs: u32,
    },
}

impl Error {
    /// An I/O error with what was being done.
    pub(crate) fn io(what: impl Into<String>, source: impl Into<std::io::Error>) -> Self {
        Self::Io { what: what.into(), source: source.into() }
    }
}

/// Why a container could not be made, started or acted upon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure, for programs.
    pub kind: FailureKind,
    /// What failed, on what and why, for people.
    pub message: String,
}

/// Kinds of failure that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The command is not in the image (exit code 127).
    CommandNotFound,
    /// The command is there but cannot be executed (exit code 126).
    NotExecutable,
    /// The user or group is not in the image's passwd or group file.
    UserNotFound,
    /// The source of a bind mount does not exist.
    MountSource,
    /// A mount could not be made.
    Mount,
    /// The image's layers could not be mounted.
    RootFs,
    /// A resource limit could not be applied.
    Limit,
    /// The configuration makes no sense.
    Config,
    /// There is no such container, exec or descriptor set.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// The container is not in a state that allows the request.
    WrongState,
    /// Anything else the system refused.
    System,
}

impl FailureKind {
    /// The exit code that `docker run` gives for such a failure: 127, 126 or 125 (own error).
    #[must_use]
    pub fn exit_code(self) -> i32 {
        match self {
            Self::CommandNotFound => 127,
            Self::NotExecutable => 126,
            _ => 125,
        }
    }
}

impl Failure {
    /// A failure of `kind` with a message.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The request does not fit the container's state.
    pub(crate) fn state(message: impl Into<String>) -> Self {
        Self::new(FailureKind::WrongState, message)
    }
}

/// Adds the step that failed to a system error.
pub(crate) trait Step<T> {
    /// Turns the error into a [`Failure`] whose message is "`what`: error".
    fn step<M: Display>(self, kind: FailureKind, what: impl FnOnce() -> M)
    -> std::result::Result<T, Failure>;
}

impl<T, E: Into<std::io::Error>> Step<T> for std::result::Result<T, E> {
    fn step<M: Display>(
        self,
        kind: FailureKind,
        what: impl FnOnce() -> M,
    ) -> std::result::Result<T, Failure> {
        self.map_err(|error| Failure::new(kind, format!("{}: {}", what(), plain(&error.into()))))
    }
}

/// The system's message without Rust's "(os error N)".
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
