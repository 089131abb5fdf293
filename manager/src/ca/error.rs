use skep_identity::IdentityError;
use skep_model::NodeId;
use skep_store::WriteError;
use thiserror::Error;

/// A node does not get a certificate.
#[derive(Debug, Error)]
pub enum CaError {
    /// This manager knows no swarm yet.
    #[error("this manager is not ready: it does not know yet what the other managers know; try again")]
    NotReady,
    /// The token is none of this swarm's.
    #[error(
        "invalid join token: it may have been rotated; ask a manager for the current one with \"skep swarm join-token\""
    )]
    Token,
    /// Nobody is there where the joiner says that other managers will reach it.
    #[error(
        "could not connect to the new manager at its advertised address {address}: {reason}. All managers must reach each \
         other: open that port, or name the right address with --advertise-addr"
    )]
    NotReached {
        /// What it advertised.
        address: String,
        /// The connection's error.
        reason: String,
    },
    /// There is no such node, or not any more.
    #[error(
        "node {0} is not part of the swarm (any more): let it leave with \"skep swarm leave --force\" and join again"
    )]
    UnknownNode(NodeId),
    /// The key is not the one that the node had.
    #[error(
        "node {0} has another key than this one: let it leave with \"skep swarm leave --force\" and join again"
    )]
    OtherKey(NodeId),
    /// A request or certificate cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The swarm could not take note of it.
    #[error(transparent)]
    Write(#[from] WriteError),
}
