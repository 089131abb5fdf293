use async_trait::async_trait;
use skep_model::PlainPlace;
use thiserror::Error;
use tokio::sync::OwnedMutexGuard;

use crate::container::NetworkPlace;

/// Gets plain containers their places on networks of the swarm: only managers give out addresses there.
#[async_trait]
pub trait Attachments: Send + Sync {
    /// Gives a container an address on each network. When this comes back, other nodes have been told of it.
    ///
    /// # Errors
    /// When a network is not there or not for plain containers, has no address left, or no manager answers.
    async fn attach(&self, wish: AttachWish) -> Result<Granted, AttachError>;
}

/// What a container asks managers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachWish {
    /// The container's id.
    pub container: String,
    /// Its name, by which others find it.
    pub name: String,
    /// The networks.
    pub places: Vec<PlainPlace>,
}

/// What managers gave.
#[derive(Debug)]
pub struct Granted {
    /// By what managers know it.
    pub attachment: String,
    /// The container's places.
    pub networks: Vec<NetworkPlace>,
    /// Held until the engine has noted it: managers are told which attachments there are, and forget all others.
    pub noting: OwnedMutexGuard<()>,
}

/// A container has no place on a network.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AttachError {
    /// There is no such network.
    #[error("{0}")]
    NotFound(String),
    /// It is not to be had.
    #[error("{0}")]
    Refused(String),
    /// Nobody who could give it answers.
    #[error("{0}")]
    Unavailable(String),
}
