use std::time::Duration;

use async_trait::async_trait;
use skep_raft::{ProposeError, Proposed, ReadError};

/// What a manager that does not lead asks of the one that does, or of any other. gRPC is one way to carry it.
#[async_trait]
pub trait LeaderCalls: Send + Sync {
    /// Has the leader at `address` (`host:port`) replicate an encoded command.
    async fn propose(&self, address: &str, command: &[u8], limit: Duration)
    -> Result<Proposed, ProposeError>;

    /// The index up to which a read must have applied the log to hold all that was acknowledged before the call.
    async fn read_index(&self, address: &str, limit: Duration) -> Result<u64, ReadError>;

    /// Whether the manager at `address` answers within `limit`.
    async fn is_there(&self, address: &str, limit: Duration) -> bool;
}
