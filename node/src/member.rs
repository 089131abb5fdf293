use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use skep_engine::{Engine, EngineError, EngineOptions};
use skep_manager::{Manager, ManagerError, ManagerOptions};
use skep_model::{ClusterId, NodeId};
use skep_runtime::Env;
use skep_worker::{Worker, WorkerError, WorkerOptions};
use thiserror::Error;

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
}

/// What runs on a node while it is a member of a swarm.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) membership: Membership,
    pub(crate) node: NodeId,
    pub(crate) engine: Arc<Engine>,
    pub(crate) manager: Manager,
    worker: Worker,
    env: Env,
}

/// What a member stands on.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) engine: EngineOptions,
    pub(crate) database: skep_durable::Database,
    pub(crate) raft: std::path::PathBuf,
}

impl Member {
    /// Goes on with what is on disk.
    pub(crate) async fn start(
        ground: &Ground,
        membership: Membership,
        ids: (ClusterId, NodeId),
    ) -> Result<Self, MemberError> {
        let env = ground.engine.env.clone();
        // The engine first: containers are found again, and traffic flows, whatever becomes of the rest.
        let engine = Engine::open(ground.engine.clone()).await?;
        let manager = start_manager(&env, ids.0, &membership, &ground.raft).await?;
        Self::join(ground, membership, ids.1, engine, manager)
    }

    /// Puts a running engine and manager together with a worker.
    pub(crate) fn join(
        ground: &Ground,
        membership: Membership,
        node: NodeId,
        engine: Arc<Engine>,
        manager: Manager,
    ) -> Result<Self, MemberError> {
        let env = ground.engine.env.clone();
        let own = match membership.listen.ip().is_unspecified() {
            true => (std::net::Ipv4Addr::LOCALHOST, membership.listen.port()).into(),
            false => membership.listen,
        };
        let worker = Worker::start(WorkerOptions {
            env: env.clone(),
            engine: Arc::clone(&engine),
            database: ground.database.clone(),
            identity: membership.identity(),
            managers: vec![own.to_string()],
        })?;
        Ok(Self { membership, node, engine, manager, worker, env })
    }

    /// Stops; the containers run on.
    pub(crate) async fn stop(self) {
        if self.env.timeout(STOP_TIMEOUT, self.worker.stop()).await.is_err() {
            tracing::warn!("the agent did not end by itself");
        }
        self.manager.stop().await;
        if let Err(error) = self.engine.retire().await {
            tracing::warn!(%error, "the engine was not taken down");
        }
    }

    /// Stops, and removes every container and all of the network.
    pub(crate) async fn leave(self) -> Result<(), MemberError> {
        let left = self.worker.leave().await;
        let wiped = self.engine.wipe().await;
        self.manager.stop().await;
        left?;
        Ok(wiped?)
    }
}

/// Starts the manager of a member.
pub(crate) async fn start_manager(
    env: &Env,
    cluster: ClusterId,
    membership: &Membership,
    raft: &Path,
) -> Result<Manager, ManagerError> {
    Manager::start(ManagerOptions {
        env: env.clone(),
        cluster,
        raft_id: membership.raft_id,
        identity: membership.identity(),
        directory: raft.join(cluster.to_string()),
        key: membership.key,
        listen: membership.listen,
    })
    .await
}
