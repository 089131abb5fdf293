use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use skep_durable::{Database, Tree};
use skep_identity::{IdentityError, NodeIdentity};
use skep_manager::Certified;
use skep_model::{CertIssuer, ClusterId, NodeId};

use crate::error::DaemonError;
use crate::keys::Secrets;
use crate::places::Places;

const MEMBERSHIP: &[u8] = b"membership";
const DAEMON: &[u8] = b"daemon";

/// What a member of a swarm keeps on its disk about itself. Its secrets are elsewhere (`keys/`): what a database once held
/// stays in its file.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Membership {
    /// The swarm, as shown.
    cluster: String,
    /// This node, as shown.
    node: String,
    /// A manager's id in Raft; none for a worker.
    pub(crate) raft_id: Option<u64>,
    /// Whether its manager ran with this id: then an empty log is one that was lost.
    #[serde(default)]
    pub(crate) begun: bool,
    /// Whether what its manager had acknowledged is lost: it does not run until it has another id.
    #[serde(default)]
    pub(crate) lost: bool,
    pub(crate) certificate_pem: String,
    pub(crate) root_pem: String,
    /// When the certificate was signed, nanoseconds since the epoch.
    pub(crate) certified_at_ns: u64,
    /// Where managers are reached, as it heard last.
    pub(crate) managers: Vec<String>,
    /// The swarm's epoch, raised by each recovery.
    #[serde(default)]
    pub(crate) epoch: u64,
    /// Where it listens for members.
    pub(crate) listen: SocketAddr,
    /// Where members reach it.
    pub(crate) advertise: SocketAddr,
    /// Address or interface of its end of the tunnel to other nodes, as its operator named it; empty for none.
    #[serde(default)]
    pub(crate) data_path: String,
    /// True once it was told to leave: what is left of the swarm is to be removed.
    pub(crate) leaving: bool,
}

impl fmt::Debug for Membership {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Membership").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Membership {
    /// Of a new member: its ids, what it was certified as, and where it listens and is reached.
    pub(crate) fn new(
        (cluster, node): (ClusterId, NodeId),
        certified: Certified,
        (listen, advertise): (SocketAddr, SocketAddr),
    ) -> Self {
        Self {
            cluster: cluster.to_string(),
            node: node.to_string(),
            raft_id: certified.raft_id,
            begun: false,
            lost: false,
            certificate_pem: certified.certificate_pem,
            root_pem: certified.root_pem,
            certified_at_ns: certified.at.as_nanos(),
            managers: certified.managers,
            epoch: certified.epoch,
            listen,
            advertise,
            data_path: String::new(),
            leaving: false,
        }
    }

    /// With its end of the tunnel at this address or interface.
    pub(crate) fn with_data_path(self, data_path: &str) -> Self {
        Self { data_path: data_path.to_owned(), ..self }
    }

    /// As the swarm's only manager from this epoch on.
    pub(crate) fn recovered(self, epoch: u64, (listen, advertise): (SocketAddr, SocketAddr)) -> Self {
        Self { epoch, lost: false, listen, advertise, managers: vec![advertise.to_string()], ..self }
    }

    /// After its certificate was renewed.
    pub(crate) fn renewed(self, certified: Certified) -> Self {
        let same = self.raft_id == certified.raft_id;
        Self {
            raft_id: certified.raft_id,
            begun: self.begun && same,
            lost: self.lost && same,
            certificate_pem: certified.certificate_pem,
            root_pem: certified.root_pem,
            certified_at_ns: certified.at.as_nanos(),
            managers: certified.managers,
            epoch: certified.epoch,
            ..self
        }
    }

    /// The id of its manager, if it may run one.
    pub(crate) fn manages(&self) -> Option<u64> {
        self.raft_id.filter(|_| !self.lost)
    }

    /// The id that its manager had, if that one is lost.
    pub(crate) fn lost_raft_id(&self) -> Option<u64> {
        self.raft_id.filter(|_| self.lost)
    }

    /// Whether there is another manager to join again.
    pub(crate) fn has_others(&self) -> bool {
        self.managers.iter().any(|address| *address != self.advertise.to_string())
    }

    pub(crate) fn identity(&self, secrets: &Secrets) -> NodeIdentity {
        self.certified(secrets.key_pem.clone())
    }

    /// The root that signed its certificate.
    pub(crate) fn issuer(&self) -> Result<CertIssuer, IdentityError> {
        // The key says nothing about it.
        self.certified(String::new()).issuer()
    }

    fn certified(&self, key_pem: String) -> NodeIdentity {
        let (certificate_pem, root_pem) = (self.certificate_pem.clone(), self.root_pem.clone());
        NodeIdentity { certificate_pem, key_pem, root_pem }
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
