//! The cluster's whole state in one file, and a swarm of one manager made of it.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use skep_identity::{Authority, IdentityError, NodeIdentity, key_digest};
use skep_log::{Keys, RealDisk};
use skep_model::{
    Cluster, ClusterId, ManagerStatus, Meta, Node, NodeDescription, NodeId, NodeRole, NodeSpec, NodeState,
    NodeStatus, Object,
};
use skep_raft::{OpenError, Options, begin_with};
use skep_runtime::Env;
use skep_store::{Store, View};
use skep_wire::Certified;
use thiserror::Error;

use crate::controlapi::ControlApi;
use crate::manager::raft_directory;
use crate::replica::{read_state, write_state};

/// What a backup begins with; the digit is its version.
const MAGIC: &[u8; 8] = b"SKEPBAK1";
const DIGEST_BYTES: usize = 32;

/// A backup cannot be used.
#[derive(Debug, Error)]
pub enum BackupError {
    /// It is none, or another version's.
    #[error("this is not a backup of a Skep swarm (or one of a newer version)")]
    NoBackup,
    /// It was damaged on its way.
    #[error("the backup is damaged: its content is not what its digest says; take another copy")]
    Damaged,
    /// It holds no swarm.
    #[error("the backup holds no swarm")]
    Empty,
    /// A certificate cannot be made.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The log cannot be made.
    #[error(transparent)]
    Log(#[from] OpenError),
    /// Its directory cannot be used.
    #[error("{0}")]
    Directory(std::io::Error),
}

impl ControlApi {
    /// The cluster's whole state, with its secrets: whoever has it can be the swarm.
    ///
    /// # Errors
    /// When it cannot be put together, which takes memory alone.
    pub fn backup(&self) -> std::io::Result<Vec<u8>> {
        let mut state = Vec::new();
        write_state(&self.view(), &mut state)?;
        let mut backup = MAGIC.to_vec();
        backup.extend_from_slice(&Sha256::digest(&state));
        backup.extend_from_slice(&state);
        Ok(backup)
    }
}

/// The node on which a swarm is restored.
#[derive(Debug)]
pub struct RestoringNode<'a> {
    /// Time and random numbers.
    pub env: &'a Env,
    /// What it says of itself.
    pub description: NodeDescription,
    /// Where other members will reach it, `address:port`.
    pub address: String,
    /// Below which its log is made, in a directory named by its id in Raft.
    pub raft: &'a Path,
    /// What the log will be sealed with.
    pub keys: Keys,
}

/// A swarm that is ready to be started.
#[derive(Debug)]
pub struct RestoredSwarm {
    /// The swarm: the same as before.
    pub cluster: ClusterId,
    /// The new manager.
    pub node: NodeId,
    /// What it is certified as.
    pub certified: Certified,
    /// Its private key, PEM; secret.
    pub key_pem: String,
}

/// Makes the log of a swarm of one manager, the restoring node, of a backup. Services, tasks and nodes are as they were; the
/// managers of then are workers, should they come back, and an epoch later nothing of the old swarm is listened to.
///
/// # Errors
/// See [`BackupError`]; nothing is left then but an empty directory.
pub fn restore(backup: &[u8], node: RestoringNode<'_>) -> Result<RestoredSwarm, BackupError> {
    let store = read(backup)?;
    let view = store.view();
    let cluster = view.cluster().ok_or(BackupError::Empty)?;
    let cluster = Cluster { epoch: cluster.epoch + 1, ..Cluster::clone(cluster) };
    let (key_pem, request) = NodeIdentity::request()?;
    let random = node.env.random();
    let (id, raft_id) = (NodeId::new(random.id()), random.number());
    let (now, valid) = (node.env.now(), cluster.spec.node_certificate_validity);
    let certificate_pem =
        Authority::of(&cluster)?.sign(&request, (cluster.id, id, NodeRole::Manager), now, valid)?;
    let own = Node {
        id,
        meta: Meta { version: view.version(), created_at: now, updated_at: now },
        spec: NodeSpec { role: NodeRole::Manager, ..NodeSpec::default() },
        role: NodeRole::Manager,
        description: node.description.clone(),
        status: NodeStatus { state: NodeState::Unknown, since: now, ..NodeStatus::default() },
        manager: Some(ManagerStatus { raft_id, address: node.address.clone() }),
        key_digest: key_digest(&request)?,
        certificate: None,
        number: 0,
    };
    let certified = Certified {
        role: NodeRole::Manager,
        certificate_pem,
        root_pem: cluster.root_ca.certificate_pem.clone(),
        raft_id: Some(raft_id),
        managers: vec![node.address.clone()],
        at: now,
        epoch: cluster.epoch,
    };
    let restored = RestoredSwarm { cluster: cluster.id, node: id, certified, key_pem };
    let objects = changed(&view, cluster.clone(), own);
    let next = Store::default();
    next.restore(view.version(), objects, view.resting());
    begin(&next, &cluster, raft_id, &node)?;
    Ok(restored)
}

/// Everything of the view, with this swarm and this manager.
fn changed(view: &View, cluster: Cluster, own: Node) -> Vec<Object> {
    let objects = view.objects().filter_map(|object| match object {
        Object::Cluster(_) => None,
        Object::Node(node) if node.manager.is_some() => Some(lost(Node::clone(&node).into_worker())),
        Object::Node(node) => Some(lost(Node::clone(&node))),
        other => Some(other),
    });
    objects.chain([cluster.into(), own.into()]).collect()
}

/// Whether it is there, is to be seen.
fn lost(mut node: Node) -> Object {
    node.status.state = NodeState::Unknown;
    node.into()
}

fn begin(
    store: &Store,
    cluster: &Cluster,
    raft_id: u64,
    node: &RestoringNode<'_>,
) -> Result<(), BackupError> {
    let disk = RealDisk::open(raft_directory(node.raft, raft_id)).map_err(BackupError::Directory)?;
    let mut options = Options::new(raft_id, Arc::new(disk), node.keys.clone(), cluster.id.value());
    options.epoch = cluster.epoch;
    // Versions of objects are places in the log: the new log begins where the state ends.
    let index = store.view().version() + 1;
    let view = store.view();
    Ok(begin_with(
        &options,
        &node.address,
        index,
        Box::new(move |writer: &mut dyn Write| write_state(&view, writer)),
    )?)
}

fn read(backup: &[u8]) -> Result<Arc<Store>, BackupError> {
    let rest = backup.strip_prefix(MAGIC).ok_or(BackupError::NoBackup)?;
    let (digest, state) = rest.split_at_checked(DIGEST_BYTES).ok_or(BackupError::NoBackup)?;
    if Sha256::digest(state)[..] != *digest {
        return Err(BackupError::Damaged);
    }
    let store = Arc::new(Store::default());
    let mut reader = state;
    read_state(&store, &mut reader).map_err(|_| BackupError::Damaged)?;
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ca::{FirstNode, new_swarm};
    use skep_model::{ClusterSpec, Timestamp};

    #[test]
    fn a_backup_becomes_a_swarm_of_one_manager() {
        let env = Env::real();
        let first = FirstNode {
            description: NodeDescription::default(),
            spec: NodeSpec::default(),
            address: "10.0.0.1:2377".into(),
        };
        let swarm = new_swarm(&env, first, ClusterSpec::default()).unwrap();
        let store = Arc::new(Store::default());
        store.apply(41, Timestamp::from_nanos(1), swarm.transaction).unwrap();
        let mut state = Vec::new();
        write_state(&store.view(), &mut state).unwrap();
        let backup = [MAGIC.as_slice(), &Sha256::digest(&state), &state].concat();
        let directory = tempfile::tempdir().unwrap();
        let node = || RestoringNode {
            env: &env,
            description: NodeDescription::default(),
            address: "10.0.0.9:2377".into(),
            raft: directory.path(),
            keys: skep_log::Key::new(0, [1; 32]).into(),
        };
        let restored = restore(&backup, node()).unwrap();
        assert_eq!(restored.cluster, swarm.cluster);
        assert_ne!(restored.node, swarm.node);
        assert_eq!(restored.certified.epoch, 1);
        for cut in [0, 7, 8, 39, 41, backup.len() - 1] {
            assert!(restore(&backup[..cut], node()).is_err(), "cut at {cut}");
        }
        let mut flipped = backup.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert!(matches!(restore(&flipped, node()), Err(BackupError::Damaged)));
    }
}
