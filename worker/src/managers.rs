//! The managers that this worker knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use skep_agent::{GrpcManager, Manager, Managers, SessionError};
use skep_identity::{NodeIdentity, client_channel};

/// A list of addresses, tried in turn.
#[derive(Debug)]
pub struct KnownManagers {
    identity: NodeIdentity,
    addresses: Vec<String>,
    next: AtomicUsize,
}

impl KnownManagers {
    /// The managers at these addresses (`host:port`), reached with this certificate.
    pub fn new(identity: NodeIdentity, addresses: Vec<String>) -> Self {
        Self { identity, addresses, next: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl Managers for KnownManagers {
    async fn pick(&self) -> Result<Arc<dyn Manager>, SessionError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let none = || SessionError::Unreachable("no manager is known".into());
        let count = self.addresses.len().max(1);
        let address = self.addresses.get(turn % count).cloned().ok_or_else(none)?;
        let channel = client_channel(&self.identity, address)
            .map_err(|error| SessionError::Unreachable(error.to_string()))?;
        Ok(Arc::new(GrpcManager::new(channel)))
    }
}
