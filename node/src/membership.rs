use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use skep_durable::{Database, Tree};
use skep_identity::NodeIdentity;
use skep_model::{ClusterId, NodeId};

use crate::error::DaemonError;
use crate::places::Places;

const MEMBERSHIP: &[u8] = b"membership";
const DAEMON: &[u8] = b"daemon";

/// What a member of a swarm keeps on its disk about itself.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Membership {
    /// The swarm, as shown.
    cluster: String,
    /// This node, as shown.
    node: String,
    /// This manager's id in Raft.
    pub(crate) raft_id: u64,
    /// Seals the log and the snapshot; secret.
    pub(crate) key: [u8; 32],
    pub(crate) certificate_pem: String,
    /// Secret.
    pub(crate) key_pem: String,
    pub(crate) root_pem: String,
    /// Where it listens for members.
    pub(crate) listen: SocketAddr,
    /// Where members reach it.
    pub(crate) advertise: SocketAddr,
    /// True once it was told to leave: what is left of the swarm is to be removed.
    pub(crate) leaving: bool,
}

impl fmt::Debug for Membership {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Membership").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Membership {
    /// Of a new member.
    pub(crate) fn new(
        (cluster, node, raft_id): (ClusterId, NodeId, u64),
        identity: &NodeIdentity,
        key: [u8; 32],
        (listen, advertise): (SocketAddr, SocketAddr),
    ) -> Self {
        Self {
            cluster: cluster.to_string(),
            node: node.to_string(),
            raft_id,
            key,
            certificate_pem: identity.certificate_pem.clone(),
            key_pem: identity.key_pem.clone(),
            root_pem: identity.root_pem.clone(),
            listen,
            advertise,
            leaving: false,
        }
    }

    pub(crate) fn identity(&self) -> NodeIdentity {
        NodeIdentity {
            certificate_pem: self.certificate_pem.clone(),
            key_pem: self.key_pem.clone(),
            root_pem: self.root_pem.clone(),
        }
    }

    /// Its ids; an error text when the record is none of ours.
    pub(crate) fn ids(&self) -> Result<(ClusterId, NodeId), String> {
        let cluster = self.cluster.parse::<ClusterId>().map_err(|error| error.to_string())?;
        let node = self.node.parse::<NodeId>().map_err(|error| error.to_string())?;
        Ok((cluster, node))
    }
}

/// The node's own records in its database.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    tree: Tree,
    places: Places,
}

impl Records {
    pub(crate) fn open(database: &Database, places: &Places) -> Result<Self, DaemonError> {
        Ok(Self { tree: database.tree("node")?, places: places.clone() })
    }

    /// The daemon's id: the one on disk, or `new` from now on.
    pub(crate) fn daemon_id(&self, new: &str) -> Result<String, DaemonError> {
        if let Some(bytes) = self.tree.get(DAEMON)? {
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        self.tree.put(DAEMON, new.as_bytes())?;
        Ok(new.to_owned())
    }

    pub(crate) fn membership(&self) -> Result<Option<Membership>, DaemonError> {
        let unreadable = |reason: String| DaemonError::Records { path: self.places.database(), reason };
        let Some(bytes) = self.tree.get(MEMBERSHIP)? else { return Ok(None) };
        let membership: Membership =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        membership.ids().map_err(unreadable)?;
        Ok(Some(membership))
    }

    /// Keeps it; with the answer it is on disk.
    pub(crate) fn keep(&self, membership: &Membership) -> Result<(), DaemonError> {
        let bytes = serde_json::to_vec(membership).map_err(|error| DaemonError::Records {
            path: self.places.database(),
            reason: error.to_string(),
        })?;
        Ok(self.tree.put(MEMBERSHIP, &bytes)?)
    }

    pub(crate) fn forget(&self) -> Result<(), DaemonError> {
        self.tree.remove(MEMBERSHIP)?;
        Ok(())
    }
}
