use std::sync::Arc;
use std::time::Duration;

use skep_model::Transaction;
use skep_raft::{Leadership, Metrics, OpenError, Options, RaftNode, Transport};
use skep_runtime::{Env, Task};
use skep_store::{Door, Store, WriteError};
use thiserror::Error;

use crate::controlapi::ControlApi;
use crate::dispatcher::Dispatcher;
use crate::leader::{Leader, LeaderSlot};
use crate::proposer::RaftProposer;
use crate::quorum::Quorum;
use crate::replica::Replica;

/// How long a new swarm's first member may take to lead it.
const BOOTSTRAP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a new leader may take to catch up with what was committed before it.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a loop may take to end when it is asked to.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// The new swarm's first state could not be written.
#[derive(Debug, Error)]
#[error("the new swarm could not be started: {0}")]
pub struct BootstrapError(String);

impl From<WriteError> for BootstrapError {
    fn from(error: WriteError) -> Self {
        Self(error.to_string())
    }
}

/// A manager without its port: the replicated store, who leads, and what the leader runs. Messages of agents and of other
/// managers come as calls, so the simulator runs it as it is.
#[derive(Debug)]
pub struct Core {
    env: Env,
    raft: RaftNode,
    door: Door,
    slot: LeaderSlot,
    following: Task<()>,
}

impl Core {
    /// Opens the log and joins in.
    ///
    /// # Errors
    /// When the disk cannot be used.
    pub async fn open(env: Env, options: Options, transport: Arc<dyn Transport>) -> Result<Self, OpenError> {
        let store = Arc::new(Store::default());
        let replica = Arc::new(Replica::new(Arc::clone(&store)));
        let raft = RaftNode::open(options, replica, transport).await?;
        let door = Door::new(store, Arc::new(RaftProposer::new(raft.clone())), env.clone());
        let slot = LeaderSlot::new();
        let following = follow_leadership(env.clone(), raft.clone(), door.clone(), slot.clone());
        let following = env.spawn("leadership", following);
        Ok(Self { env, raft, door, slot, following })
    }

    /// Makes this manager the first member of a new swarm, reached at `address`, with these first objects.
    ///
    /// # Errors
    /// When it does not become the leader in time, or the objects cannot be written.
    pub async fn bootstrap(&self, address: &str, transaction: Transaction) -> Result<(), BootstrapError> {
        let failed = |error: &dyn std::fmt::Display| BootstrapError(error.to_string());
        self.raft.bootstrap(address).await.map_err(|error| failed(&error))?;
        self.env.timeout(BOOTSTRAP_TIMEOUT, self.leads()).await.map_err(|late| failed(&late))??;
        if self.door.view().cluster().is_none() {
            self.door.write(transaction).await?;
        }
        Ok(())
    }

    /// What users want done, goes through this.
    pub fn control(&self) -> ControlApi {
        ControlApi::new(self.env.clone(), self.door.clone())
    }

    /// What it knows of the other managers.
    pub fn quorum(&self) -> Quorum {
        Quorum::new(self.env.clone(), self.raft.clone())
    }

    /// How Raft is.
    pub fn metrics(&self) -> Metrics {
        self.raft.metrics()
    }

    /// This manager's part in Raft: where messages of other managers go.
    pub fn raft(&self) -> &RaftNode {
        &self.raft
    }

    /// What agents call, while this manager leads.
    pub fn dispatcher(&self) -> Option<Arc<Dispatcher>> {
        self.slot.dispatcher()
    }

    pub(crate) fn slot(&self) -> &LeaderSlot {
        &self.slot
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        self.door.store()
    }

    /// Stops everything; what was acknowledged is on disk.
    pub async fn stop(self) {
        self.raft.shutdown().await;
        // It ends by itself now; if it does not, it is ended with its handle.
        if self.env.timeout(STOP_TIMEOUT, self.following.join()).await.is_err() {
            tracing::warn!("following the leadership did not end by itself");
        }
        // Connections that are still open hold the slot: what leads must not live on in it, nor keep the log's directory.
        self.slot.set(None);
    }

    async fn leads(&self) -> Result<(), BootstrapError> {
        let mut leadership = self.raft.leadership();
        while !leadership.is_self {
            let next = self.raft.leadership_changed(&leadership).await;
            leadership = next.map_err(|stopped| BootstrapError(stopped.to_string()))?;
        }
        Ok(())
    }
}

/// Starts and ends the leader's loops with leadership.
async fn follow_leadership(env: Env, raft: RaftNode, door: Door, slot: LeaderSlot) {
    let mut leadership = Leadership::default();
    loop {
        leadership = match raft.leadership_changed(&leadership).await {
            Ok(next) => next,
            Err(stopped) => {
                slot.set(None);
                tracing::info!(%stopped, "leadership is not followed any more");
                return;
            }
        };
        // A new term means new loops: what the old ones remembered may be wrong.
        slot.set(None);
        if !leadership.is_self {
            continue;
        }
        // Planning on a state that lacks what was committed before would only run into conflicts.
        match raft.linearizable(CATCH_UP_TIMEOUT).await {
            Ok(()) => {
                tracing::info!(term = leadership.term, "leading the swarm");
                slot.set(Some(Leader::start(&env, &door)));
            }
            Err(error) => tracing::warn!(%error, "leadership was lost before it began"),
        }
    }
}
