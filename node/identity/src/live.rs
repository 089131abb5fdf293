use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::{ClientConfig, ServerConfig};

use crate::tls::{client_config, server_config};
use crate::{IdentityError, NodeIdentity};

/// A node's identity as it is now: a renewed certificate takes effect with the next connection, on both sides; those that
/// are open go on. Clones share it.
#[derive(Clone, Debug)]
pub struct LiveIdentity {
    current: Arc<ArcSwap<Configured>>,
}

/// An identity and what TLS makes of it.
#[derive(Debug)]
struct Configured {
    version: u64,
    identity: NodeIdentity,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl Configured {
    fn new(version: u64, identity: NodeIdentity) -> Result<Self, IdentityError> {
        let (server, client) = (server_config(&identity)?, client_config(&identity)?);
        Ok(Self { version, identity, server, client })
    }
}

impl LiveIdentity {
    /// Starts with this one.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn new(identity: NodeIdentity) -> Result<Self, IdentityError> {
        let first = Configured::new(1, identity)?;
        Ok(Self { current: Arc::new(ArcSwap::from_pointee(first)) })
    }

    /// The identity now.
    pub fn get(&self) -> NodeIdentity {
        self.current.load().identity.clone()
    }

    /// Counts the identities: a connection made under an earlier one shows an older certificate.
    pub fn version(&self) -> u64 {
        self.current.load().version
    }

    /// Takes another identity from now on.
    ///
    /// # Errors
    /// When it cannot be used; the former one stays.
    pub fn set(&self, identity: NodeIdentity) -> Result<(), IdentityError> {
        let next = Configured::new(self.version() + 1, identity)?;
        self.current.store(Arc::new(next));
        Ok(())
    }

    /// The server's side of the next connection.
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.load().server)
    }

    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.current.load().client)
    }
}
