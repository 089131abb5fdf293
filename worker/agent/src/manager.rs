//! What an agent says to a manager and hears from it, message by message; gRPC is one way to carry it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::Stream;
use skep_model::{CallId, CallPiece, NodeDescription, NodeReport, SessionId, TaskReport, Timestamp};
use skep_runtime::Line;
use skep_wire::SessionUpdate;
use thiserror::Error;

/// What a manager tells, update by update.
pub type Updates = Pin<Box<dyn Stream<Item = Result<SessionUpdate, SessionError>> + Send>>;

/// A manager did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SessionError {
    /// It cannot be reached, or does not lead: try another one, or later.
    #[error("the manager cannot be reached: {0}")]
    Unreachable(String),
    /// It does not know the session (any more): open a new one.
    #[error("the manager does not know this session: {0}")]
    NoSession(String),
    /// Nothing is wrong with it: this node has news of itself, which it tells with a new session.
    #[error("the node has news of itself and opens another session")]
    News,
    /// It does not let this node in.
    #[error("the manager refuses this node: {0}")]
    Refused(String),
}

/// One manager.
#[async_trait]
pub trait Manager: Send + Sync {
    /// Opens a session of a node whose clock shows `clock`; the stream gives what the node should run.
    async fn session(&self, description: &NodeDescription, clock: Timestamp)
    -> Result<Updates, SessionError>;

    /// The same manager over a connection of its own, served by the thread that calls this; none when there is only one.
    fn beside(&self) -> Option<Arc<dyn Manager>> {
        None
    }

    /// Keeps the session alive; gives the time until the next heartbeat.
    async fn heartbeat(&self, session: SessionId, endpoints_version: u64) -> Result<Duration, SessionError>;

    /// Says how tasks are; comes back when it is stored.
    async fn report(
        &self,
        session: SessionId,
        endpoints_version: u64,
        reports: &[TaskReport],
    ) -> Result<(), SessionError>;

    /// Joins a call that the node was told of: what is said on the line goes to the caller.
    async fn answer(&self, call: CallId, _line: Line<CallPiece>) -> Result<(), SessionError> {
        Err(SessionError::Refused(format!("call {call}: this manager relays no calls")))
    }

    /// Says what the node measured, in answer to the checkup with this id, or by itself (0).
    async fn diagnose(
        &self,
        session: SessionId,
        checkup: u64,
        report: &NodeReport,
    ) -> Result<(), SessionError>;
}

/// The managers of the swarm.
#[async_trait]
pub trait Managers: Send + Sync {
    /// One that may lead. After a failure the next call gives another, if there is one.
    async fn pick(&self) -> Result<Arc<dyn Manager>, SessionError>;
}
