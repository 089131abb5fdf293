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

    /// The caller, if its certificate is of this swarm and has not ended. Whether it was removed since is not looked at: for what a
    /// manager must hear that does not know yet who the others are.
    pub(crate) fn certified<T>(&self, request: &Request<T>) -> Result<Peer, Status> {
        let peer = request.extensions().get::<TlsPeer>().and_then(|connection| connection.peer);
        let peer =
            peer.ok_or_else(|| Status::unauthenticated("this call needs the certificate of a member"))?;
        if peer.cluster != self.cluster {
            return Err(Status::permission_denied("the certificate is of another swarm"));
        }
        if peer.not_after <= self.env.now() {
            return Err(Status::unauthenticated("the node's certificate has expired"));
        }
        Ok(peer)
    }

    /// The caller, if it is a node of this swarm.
    pub(crate) fn member<T>(&self, request: &Request<T>) -> Result<Peer, Status> {
        let peer = self.certified(request)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use skep_model::{
        Change, Meta, Node, NodeDescription, NodeId, NodeRole, NodeSpec, NodeStatus, Timestamp, Transaction,
    };

    fn known(id: u128) -> Change {
        let node = Node {
            id: NodeId::new(id),
            meta: Meta::default(),
            spec: NodeSpec::default(),
            role: NodeRole::Manager,
            description: NodeDescription::default(),
            status: NodeStatus::default(),
            manager: None,
            key_digest: String::new(),
            certificate: None,
            number: 0,
        };
        Change::Create(node.into())
    }

    #[test]
    fn a_manager_that_lags_behind_hears_those_that_it_does_not_know_yet() {
        let store = Arc::new(Store::default());
        let (cluster, not_after) = (ClusterId::new(7), Timestamp::from_nanos(u64::MAX));
        let authorizer = Authorizer::new(cluster, Env::real(), Arc::clone(&store));
        let from = |id: u128, cluster: ClusterId| {
            let peer = Peer { node: NodeId::new(id), role: NodeRole::Manager, cluster, not_after };
            let mut request = Request::new(());
            request.extensions_mut().insert(TlsPeer { peer: Some(peer), address: None });
            request
        };
        assert!(authorizer.member(&from(2, cluster)).is_ok(), "nobody is known yet");
        let changes = vec![known(1)];
        store.apply(1, Timestamp::from_nanos(1), Transaction { changes }).unwrap();
        assert!(authorizer.member(&from(1, cluster)).is_ok());
        assert!(authorizer.member(&from(2, cluster)).is_err());
        assert!(authorizer.certified(&from(2, cluster)).is_ok());
        assert!(authorizer.certified(&from(2, ClusterId::new(8))).is_err());
    }
}
