//! How messages reach other managers.

use async_trait::async_trait;

use crate::message::RaftMessage;

/// Carries one message and brings the answer back. The other side gives the message to
/// [`crate::RaftNode::receive`] and returns the bytes as they are.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends a message to the member `target`, which was last known at `address`. Need not keep a deadline (the caller
    /// drops the future) nor retry.
    ///
    /// # Errors
    /// [`TransportError`], by what is known of the message's fate.
    async fn call(&self, target: u64, address: &str, message: RaftMessage)
    -> Result<Vec<u8>, TransportError>;
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The member cannot be reached: trying again at once is useless.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The connection broke on the way; the message may have arrived.
    #[error("failed: {0}")]
    Failed(String),
}
