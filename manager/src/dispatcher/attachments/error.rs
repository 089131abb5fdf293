use skep_model::NodeId;
use skep_store::WriteError;
use thiserror::Error;

/// A plain container has no place on a network. In Docker's words, where it has any.
#[derive(Debug, Error)]
pub enum AttachmentError {
    /// The swarm has no such node (any more).
    #[error("node {0} is not part of the swarm")]
    UnknownNode(NodeId),
    /// There is no such network.
    #[error("network {0} not found")]
    NoNetwork(String),
    /// The network is not for plain containers.
    #[error("Could not attach to network {0}: network {0} not manually attachable")]
    NotAttachable(String),
    /// A name is malformed.
    #[error(transparent)]
    Name(#[from] skep_model::Invalid),
    /// A network has no address.
    #[error("Could not attach to network: {0}")]
    NoAddress(String),
    /// The store could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}
