//! What replicates a transaction: the seam between the store and Raft.

use async_trait::async_trait;
use skep_model::{Timestamp, Transaction};
use thiserror::Error;

use crate::refused::Refused;

/// What goes through the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Command {
    /// The time that the proposer saw; what is applied knows no clock.
    pub at: Timestamp,
    /// What to do.
    pub transaction: Transaction,
}

/// Replicates commands.
#[async_trait]
pub trait Proposer: Send + Sync {
    /// Replicates the command and waits until it is applied here; gives its version.
    async fn propose(&self, command: Command) -> Result<u64, ProposeError>;

    /// Waits until this store holds everything that was acknowledged before the call, by any manager.
    async fn confirm(&self) -> Result<(), ProposeError>;
}

/// A command was not applied, or nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProposeError {
    /// It was applied as "refused": it does not fit the state.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// This manager does not lead.
    #[error("this manager does not lead the swarm{}", leader.as_ref().map(|at| format!("; the leader is at {at}")).unwrap_or_default())]
    NotLeader {
        /// Where the leader is, if known.
        leader: Option<String>,
    },
    /// Too few managers are there to decide anything.
    #[error("{reason}")]
    NoQuorum {
        /// Which are missing, and what to do.
        reason: String,
    },
    /// No answer in time: it may have been applied or not.
    #[error(
        "the swarm did not confirm the change in time; it may or may not have been made: look before trying again"
    )]
    Unknown,
    /// It is too large for one transaction.
    #[error("the change has {bytes} bytes, one transaction takes {bytes_max}: make it in smaller steps")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// The manager is shutting down or its disk failed.
    #[error("this manager cannot write: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
}
