use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skep_engine::{Engine, EngineError, EngineOptions};
use skep_identity::{IdentityError, LiveIdentity};
use skep_manager::{Manager, ManagerError, ManagerOptions, raft_directory};
use skep_model::{ClusterId, NodeId, SwarmView};
use skep_runtime::{Env, Latest, Task};
use skep_worker::{Worker, WorkerError, WorkerOptions};
use thiserror::Error;

use crate::address;
use crate::attachments::MemberAttachments;
use crate::keys::{self, KeyError, KeyStore};
use crate::membership::Membership;

/// How long the worker's agent and the manager may take to end before they are ended.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

/// A member of a swarm could not be started.
#[derive(Debug, Error)]
pub(crate) enum MemberError {
    #[error("the engine: {0}")]
    Engine(#[from] EngineError),
    #[error("the manager: {0}")]
    Manager(#[from] ManagerError),
    #[error("the worker: {0}")]
    Worker(#[from] WorkerError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("the certificate: {0}")]
    Identity(#[from] IdentityError),
}

/// What runs on a node while it is a member of a swarm.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) membership: Membership,
    pub(crate) cluster: ClusterId,
    pub(crate) node: NodeId,
    pub(crate) identity: LiveIdentity,
    pub(crate) engine: Arc<Engine>,
    /// None on a worker.
    pub(crate) manager: Option<Manager>,
    /// Where its end of the tunnel to other nodes is; none: where it calls managers from.
    pub(crate) data_path: Option<Ipv4Addr>,
    /// Where managers are reached.
    pub(crate) managers: Latest<Vec<String>>,
    /// What managers say of this node.
    pub(crate) swarm: Latest<Option<SwarmView>>,
    /// Does what managers say of this node.
    pub(crate) following: Option<Task<()>>,
    /// Held while a container's places are asked for and noted.
    noting: Arc<tokio::sync::Mutex<()>>,
    /// Tells managers which places containers have.
    attaching: Option<Task<()>>,
    /// Keeps a manager's keys as the swarm wants them.
    locking: Option<Task<()>>,
    worker: Worker,
    env: Env,
}

/// What a member stands on.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) engine: EngineOptions,
    pub(crate) database: skep_durable::Database,
    pub(crate) raft: PathBuf,
    pub(crate) keys: KeyStore,
}

impl Member {
    /// Goes on with what is on disk, or starts as a member that just joined.
    pub(crate) async fn start(
        ground: &Ground,
        membership: Membership,
        ids: (ClusterId, NodeId),
    ) -> Result<Self, MemberError> {
        // The engine first: containers are found again, and traffic flows, whatever becomes of the rest.
        let engine = Engine::open(ground.engine.clone()).await?;
        Self::start_on(ground, engine, membership, ids).await
    }

    /// The same on an engine that runs already.
    pub(crate) async fn start_on(
        ground: &Ground,
        engine: Arc<Engine>,
        membership: Membership,
        ids: (ClusterId, NodeId),
    ) -> Result<Self, MemberError> {
        let identity = LiveIdentity::new(membership.identity(&ground.keys.secrets()?))?;
        let mut membership = membership;
        let manager = match membership.manages() {
            Some(_) => started_or_lost(&mut membership, ids.0, &identity, ground).await?,
            None => None,
        };
        Self::assemble(ground, membership, ids, (engine, identity, manager))
    }

    /// Puts a running engine and manager together with a worker.
    pub(crate) fn assemble(
        ground: &Ground,
        membership: Membership,
        (cluster, node): (ClusterId, NodeId),
        (engine, identity, manager): (Arc<Engine>, LiveIdentity, Option<Manager>),
    ) -> Result<Self, MemberError> {
        let env = ground.engine.env.clone();
        let managers = Latest::new(reached(&membership));
        let swarm = Latest::new(None);
        let data_path = data_path(&membership);
        let worker = Worker::start(WorkerOptions {
            env: env.clone(),
            engine: Arc::clone(&engine),
            database: ground.database.clone(),
            identity: identity.clone(),
            managers: managers.clone(),
            swarm: swarm.clone(),
            data_path,
        })?;
        let (following, attaching, locking) = (None, None, None);
        let mut member = Self {
            membership,
            cluster,
            node,
            identity,
            engine,
            manager,
            data_path,
            managers,
            swarm,
            following,
            noting: Arc::default(),
            attaching,
            locking,
            worker,
            env,
        };
        member.follow_lock(&ground.keys);
        let keeping = member.attachments().keep(member.env.clone());
        member.attaching = Some(member.env.spawn("attachments", keeping));
        Ok(member)
    }

    /// How its plain containers come by places on networks of the swarm.
    pub(crate) fn attachments(&self) -> MemberAttachments {
        MemberAttachments {
            identity: self.identity.clone(),
            managers: self.managers.clone(),
            engine: Arc::clone(&self.engine),
            noting: Arc::clone(&self.noting),
        }
    }

    /// Keeps the keys as the swarm wants them, while this member is a manager.
    pub(crate) fn follow_lock(&mut self, keys: &KeyStore) {
        let locking = self.manager.as_ref().map(Manager::locking);
        let follow =
            |locking| self.env.spawn("locking", keys::follow(keys.clone(), locking, self.env.clone()));
        self.locking = locking.map(follow);
    }

    /// Whether its manager does not hold any more what it had acknowledged.
    pub(crate) fn lost_its_disk(&self) -> bool {
        self.manager.as_ref().is_some_and(Manager::has_lost_disk)
    }

    /// Stops; the containers run on.
    pub(crate) async fn stop(self) {
        drop((self.following, self.attaching, self.locking));
        if self.env.timeout(STOP_TIMEOUT, self.worker.stop()).await.is_err() {
            tracing::warn!("the agent did not end by itself");
        }
        if let Some(manager) = self.manager {
            manager.stop().await;
        }
        if let Err(error) = self.engine.retire().await {
            tracing::warn!(%error, "the engine was not taken down");
        }
    }

    /// Stops, and removes every container and all of the network.
    pub(crate) async fn leave(self) -> Result<(), MemberError> {
        drop((self.following, self.attaching, self.locking));
        let left = self.worker.leave().await;
        let wiped = self.engine.wipe().await;
        if let Some(manager) = self.manager {
            manager.stop().await;
        }
        left?;
        Ok(wiped?)
    }
}

/// Where this node's agent finds managers: its own first, over loopback, which works whatever becomes of its address.
pub(crate) fn reached(membership: &Membership) -> Vec<String> {
    let own = membership.manages().map(|_| local(membership.listen).to_string());
    let others = membership.managers.iter().filter(|address| **address != membership.advertise.to_string());
    own.into_iter().chain(others.cloned()).collect()
}

/// The interface that an operator named may have another address since the daemon ran last: others are told with the next session.
fn data_path(membership: &Membership) -> Option<Ipv4Addr> {
    let found = address::data_path(&membership.data_path, &address::of_host());
    found.unwrap_or_else(|reason| {
        tracing::warn!(
            reason,
            "other nodes' containers are reached from this node's address for members instead"
        );
        None
    })
}

fn local(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() { (Ipv4Addr::LOCALHOST, listen.port()).into() } else { listen }
}

/// Starts the manager, or notes that it lost what it had acknowledged: then it joins again by itself, where there are others.
async fn started_or_lost(
    membership: &mut Membership,
    cluster: ClusterId,
    identity: &LiveIdentity,
    ground: &Ground,
) -> Result<Option<Manager>, MemberError> {
    match start_manager(&ground.engine.env, cluster, membership, identity, ground).await {
        Err(MemberError::Manager(error)) if error.is_loss() && membership.has_others() => {
            tracing::error!(%error, "this manager lost what it had acknowledged: it joins again as a new one");
            membership.lost = true;
            Ok(None)
        }
        started => started.map(Some),
    }
}

/// Starts the manager of a member.
pub(crate) async fn start_manager(
    env: &Env,
    cluster: ClusterId,
    membership: &Membership,
    identity: &LiveIdentity,
    ground: &Ground,
) -> Result<Manager, MemberError> {
    let raft_id = membership.raft_id.unwrap_or_default();
    let started = Manager::start(ManagerOptions {
        env: env.clone(),
        cluster,
        raft_id,
        identity: identity.clone(),
        directory: raft_directory(&ground.raft, raft_id),
        keys: ground.keys.secrets()?.log_keys(),
        epoch: membership.epoch,
        begun: membership.begun,
        listen: membership.listen,
    });
    Ok(started.await?)
}
