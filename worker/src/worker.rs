use std::net::Ipv4Addr;
use std::sync::Arc;

use skep_agent::{Agent, AgentOptions, StorageError};
use skep_durable::Database;
use skep_engine::{Engine, EngineExecutor};
use skep_identity::LiveIdentity;
use skep_model::SwarmView;
use skep_runtime::{Env, Latest, Shutdown, Task};
use thiserror::Error;

use crate::managers::KnownManagers;
use crate::storage::DurableStorage;

/// What a worker needs.
#[derive(Debug)]
pub struct WorkerOptions {
    /// Tasks, time, random numbers.
    pub env: Env,
    /// The node's containers.
    pub engine: Arc<Engine>,
    /// The node's database.
    pub database: Database,
    /// The node's certificate, also after it is renewed.
    pub identity: LiveIdentity,
    /// Where managers are, `host:port`.
    pub managers: Latest<Vec<String>>,
    /// Takes what managers say of the node itself.
    pub swarm: Latest<Option<SwarmView>>,
    /// Where the node's end of the tunnel to other nodes is; none: where it calls managers from.
    pub data_path: Option<Ipv4Addr>,
}

/// A worker could not be started.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The node's records cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A running worker; dropping it stops the agent and leaves the containers running.
#[derive(Debug)]
pub struct Worker {
    storage: DurableStorage,
    shutdown: Shutdown,
    agent: Task<()>,
}

impl Worker {
    /// Goes on with what is on disk, and with what managers say.
    ///
    /// # Errors
    /// When the node's records cannot be opened.
    pub fn start(options: WorkerOptions) -> Result<Self, WorkerError> {
        let WorkerOptions { env, engine, database, identity, managers, swarm, data_path } = options;
        let storage = DurableStorage::open(env.clone(), &database)?;
        let agent = Agent::new(AgentOptions {
            env: env.clone(),
            executor: Arc::new(EngineExecutor::new(engine, data_path)),
            storage: Arc::new(storage.clone()),
            managers: Arc::new(KnownManagers::new(identity, managers)),
            swarm,
        });
        let shutdown = Shutdown::new();
        let running = agent.run(shutdown.clone());
        let agent = env.spawn("agent", async move {
            if let Err(error) = running.await {
                tracing::error!(%error, "the agent stopped");
            }
        });
        Ok(Self { storage, shutdown, agent })
    }

    /// Stops the agent; the containers run on.
    pub async fn stop(self) {
        self.shutdown.cancel();
        if let Err(lost) = self.agent.join().await {
            tracing::debug!(%lost, "the agent was gone already");
        }
    }

    /// Stops the agent and forgets what managers wanted of this node.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn leave(self) -> Result<(), WorkerError> {
        let storage = self.storage.clone();
        self.stop().await;
        storage.clear()?;
        Ok(())
    }
}
