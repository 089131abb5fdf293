//! Who may call what.

use skep_identity::{Peer, TlsPeer};
use skep_model::ClusterId;
use skep_runtime::Env;
use skep_store::Store;
use std::sync::Arc;
use tonic::{Request, Status};

/// Checks every call: the certificate's swarm, its end, the role, and whether the node is still a member.
#[derive(Clone, Debug)]
pub(crate) struct Authorizer {
    cluster: ClusterId,
    env: Env,
    store: Arc<Store>,
}

impl Authorizer {
    pub(crate) fn new(cluster: ClusterId, env: Env, store: Arc<Store>) -> Self {
        Self { cluster, env, store }
    }

    /// The caller, if it is a node of this swarm.
    pub(crate) fn member<T>(&self, request: &Request<T>) -> Result<Peer, Status> {
        let peer = request.extensions().get::<TlsPeer>().and_then(|connection| connection.peer);
        let peer =
            peer.ok_or_else(|| Status::unauthenticated("this call needs the certificate of a member"))?;
        if peer.cluster != self.cluster {
            return Err(Status::permission_denied("the certificate is of another swarm"));
        }
        if peer.not_after <= self.env.now() {
            return Err(Status::unauthenticated("the node's certificate has expired"));
        }
        // A store that is empty is not caught up yet and knows no members.
        let view = self.store.view();
        if view.nodes().next().is_some() && view.node(peer.node).is_none() {
            return Err(Status::permission_denied(format!("node {} was removed from the swarm", peer.node)));
        }
        Ok(peer)
    }
}

/// Where the caller is, as far as the connection says.
pub(crate) fn caller_address<T>(request: &Request<T>) -> String {
    let connection = request.extensions().get::<TlsPeer>();
    connection
        .and_then(|connection| connection.address)
        .map(|address| address.to_string())
        .unwrap_or_default()
}
