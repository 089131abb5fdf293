//! The managers that this worker knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use skep_agent::{GrpcManager, Manager, Managers, SessionError};
use skep_identity::{LiveIdentity, client_channel};
use skep_runtime::Latest;

/// A list of addresses, tried in turn.
#[derive(Debug)]
pub struct KnownManagers {
    identity: LiveIdentity,
    addresses: Latest<Vec<String>>,
    next: AtomicUsize,
}

impl KnownManagers {
    /// The managers at these addresses (`host:port`), whatever they become, reached with the certificate of then.
    pub fn new(identity: LiveIdentity, addresses: Latest<Vec<String>>) -> Self {
        Self { identity, addresses, next: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl Managers for KnownManagers {
    async fn pick(&self) -> Result<Arc<dyn Manager>, SessionError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let addresses = self.addresses.get();
        let none = || SessionError::Unreachable("no manager is known".into());
        let address = addresses.get(turn % addresses.len().max(1)).cloned().ok_or_else(none)?;
        let identity = self.identity.clone();
        Ok(Arc::new(GrpcManager::new(move || client_channel(&identity, address.clone()))))
    }
}
