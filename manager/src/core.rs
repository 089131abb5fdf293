use std::sync::Arc;
use std::time::Duration;

use skep_model::{ClusterId, Transaction};
use skep_raft::{Leadership, Metrics, OpenError, Options, RaftNode, Transport};
use skep_runtime::{Env, Task};
use skep_store::{Door, Store, WriteError};
use thiserror::Error;

use crate::authorize::Authorizer;
use crate::compaction;
use crate::controlapi::ControlApi;
use crate::dispatcher::Dispatcher;
use crate::leader::{Leader, LeaderSlot};
use crate::leader_calls::LeaderCalls;
use crate::proposer::{ForwardingProposer, RaftProposer};
use crate::quorum::Quorum;
use crate::replica::Replica;

/// How long a new swarm's first member may take to lead it.
const BOOTSTRAP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a new leader may take to catch up with what was committed before it.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(10);
/// Wait before a new leader tries again to catch up.
const CATCH_UP_RETRY: Duration = Duration::from_millis(100);
/// How long another manager may take to take over from a leader that stops.
const HAND_OVER_TIMEOUT: Duration = Duration::from_secs(2);
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
    /// For users and joiners; what the leader runs has a door of its own, which passes nothing on.
    door: Door,
    quorum: Quorum,
    slot: LeaderSlot,
    following: Task<()>,
    _fence: Task<()>,
    _compaction: Task<()>,
}

impl Core {
    /// Opens the log and joins in.
    ///
    /// # Errors
    /// When the disk cannot be used.
    pub async fn open(
        env: Env,
        options: Options,
        transport: Arc<dyn Transport>,
        calls: Arc<dyn LeaderCalls>,
    ) -> Result<Self, OpenError> {
        let store = Arc::new(Store::default());
        let replica = Arc::new(Replica::new(Arc::clone(&store)));
        let raft = RaftNode::open(options, replica, transport).await?;
        let own = Door::new(Arc::clone(&store), Arc::new(RaftProposer::new(raft.clone())), env.clone());
        let quorum = Quorum::new(env.clone(), raft.clone(), Arc::clone(&store), Arc::clone(&calls));
        let forwarding = ForwardingProposer::new(env.clone(), raft.clone(), calls, quorum.clone());
        let door = Door::new(store, Arc::new(forwarding), env.clone());
        let slot = LeaderSlot::new();
        let following = follow_leadership(env.clone(), raft.clone(), own, slot.clone());
        let following = env.spawn("leadership", following);
        let fence = env.spawn("fence", end_when_of_no_use(raft.clone()));
        let compaction = compaction::keep(env.clone(), door.clone(), raft.clone());
        let compaction = env.spawn("compaction", compaction);
        Ok(Self { env, raft, door, quorum, slot, following, _fence: fence, _compaction: compaction })
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
        self.quorum.clone()
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

    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    /// Who of a swarm may call what of it.
    pub(crate) fn authorizer(&self, cluster: ClusterId) -> Authorizer {
        Authorizer::new(cluster, self.env.clone(), Arc::clone(self.store()))
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        self.door.store()
    }

    /// Stops everything; what was acknowledged is on disk.
    pub async fn stop(self) {
        self.hand_over().await;
        self.raft.shutdown().await;
        // It ends by itself now; if it does not, it is ended with its handle.
        if self.env.timeout(STOP_TIMEOUT, self.following.join()).await.is_err() {
            tracing::warn!("following the leadership did not end by itself");
        }
        // Connections that are still open hold the slot: what leads must not live on in it, nor keep the log's directory.
        self.slot.set(None);
    }

    /// A leader that goes gives its place to the one that is furthest: the swarm need not notice by a time-out.
    async fn hand_over(&self) {
        let metrics = self.raft.metrics();
        if metrics.leader != Some(metrics.id) {
            return;
        }
        let others = metrics.members.iter().filter(|(id, member)| **id != metrics.id && member.voter);
        let Some((heir, _)) = others.max_by_key(|(_, member)| member.matched) else { return };
        if let Err(error) = self.raft.transfer_leader(*heir, HAND_OVER_TIMEOUT).await {
            tracing::info!(%error, "leadership was not handed over; the others will elect a leader");
        }
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

/// A manager that a recovery left behind, or that lost what it had acknowledged, must not decide anything any more, not even
/// with others like it.
async fn end_when_of_no_use(raft: RaftNode) {
    tokio::select! {
        biased;
        epoch = raft.left_behind() => {
            tracing::error!(epoch, "the swarm was recovered without this manager, which decides nothing from now on");
        }
        // Raft has said why.
        _ = raft.disk_lost() => {}
    }
    raft.shutdown().await;
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
        if caught_up(&env, &raft, &leadership).await {
            tracing::info!(term = leadership.term, "leading the swarm");
            slot.set(Some(Leader::start(&env, &door, &raft)));
        }
    }
}

/// Waits until a new leader's state holds what was committed before it: planning without would only run into conflicts.
/// False when leadership is lost before.
async fn caught_up(env: &Env, raft: &RaftNode, leadership: &Leadership) -> bool {
    while raft.leadership() == *leadership {
        match raft.linearizable(CATCH_UP_TIMEOUT).await {
            Ok(()) => return true,
            Err(error) => tracing::warn!(%error, "this manager was elected, but cannot lead yet"),
        }
        env.sleep(CATCH_UP_RETRY).await;
    }
    false
}
