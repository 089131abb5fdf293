use std::sync::Arc;
use std::time::Duration;

use skep_log::Key;
use skep_model::UnlockKey;
use skep_raft::{RaftNode, ReadError, RekeyError};
use skep_store::Store;

use crate::quorum::Quorum;

/// How this manager's replica wants the manager's disk to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockWish {
    /// The version of the swarm's record that says so: a later wish has a higher one.
    pub version: u64,
    /// What the node's key and the log's keys are to be locked with; empty when they are not to be.
    pub unlock_key: UnlockKey,
}

/// What the swarm wants locked on a manager's disk, and the means for it.
#[derive(Clone, Debug)]
pub struct Locking {
    store: Arc<Store>,
    raft: RaftNode,
    quorum: Quorum,
}

impl Locking {
    pub(crate) fn new(store: Arc<Store>, raft: RaftNode, quorum: Quorum) -> Self {
        Self { store, raft, quorum }
    }

    /// Waits until the replica knows everything that was acknowledged: a manager that starts reads its log from the last
    /// snapshot on, and its first wishes may be older than what is on its disk already.
    ///
    /// # Errors
    /// When no leader, or no majority, answers within `limit`.
    pub async fn caught_up(&self, limit: Duration) -> Result<(), ReadError> {
        self.quorum.read_barrier(limit).await
    }

    /// Waits until the swarm's record has a version above `seen` (0 for any), and gives the wish.
    pub async fn changed(&self, seen: u64) -> LockWish {
        let mut signal = 0;
        loop {
            signal = self.store.version().changed(signal).await.0;
            if let Some(cluster) = self.store.view().cluster()
                && cluster.meta.version > seen
            {
                return LockWish { version: cluster.meta.version, unlock_key: cluster.unlock_key.clone() };
            }
        }
    }

    /// Seals the log and the snapshot with this key, and with no other any more.
    ///
    /// # Errors
    /// When older keys are still needed; it may be asked again.
    pub async fn rekey(&self, key: Key) -> Result<(), RekeyError> {
        self.raft.rekey(key).await
    }
}
