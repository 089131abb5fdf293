use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skep_identity::{IdentityError, NodeIdentity, server_config};
use skep_model::{ClusterId, Transaction};
use skep_raft::{Leadership, Metrics, OpenError, Options, RaftNode};
use skep_runtime::{Env, Shutdown, Task};
use skep_store::{Door, Store, WriteError};
use thiserror::Error;
use tokio::net::TcpListener;

use crate::authorize::Authorizer;
use crate::controlapi::ControlApi;
use crate::dispatcher::DispatcherServer;
use crate::leader::{Leader, LeaderSlot};
use crate::proposer::RaftProposer;
use crate::quorum::Quorum;
use crate::replica::Replica;
use crate::server::{self, Services};
use crate::transport::{GrpcTransport, RaftServer};

/// How long a new swarm's first member may take to lead it.
const BOOTSTRAP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a new leader may take to catch up with what was committed before it.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a loop may take to end when it is asked to.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// What a manager needs.
#[derive(Debug)]
pub struct ManagerOptions {
    /// Tasks, time, random numbers.
    pub env: Env,
    /// Its swarm.
    pub cluster: ClusterId,
    /// Its id in Raft.
    pub raft_id: u64,
    /// Its certificate.
    pub identity: NodeIdentity,
    /// Where the log and the snapshot are; this manager's alone.
    pub directory: PathBuf,
    /// Seals the log and the snapshot.
    pub key: [u8; 32],
    /// Where it listens for members.
    pub listen: SocketAddr,
}

/// A manager could not be started.
#[derive(Debug, Error)]
pub enum ManagerError {
    /// The log or the snapshot cannot be used.
    #[error(transparent)]
    Raft(#[from] OpenError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The port for members cannot be had.
    #[error("cannot listen for members on {address}: {source}; choose another with --listen-addr")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The directory of the log cannot be used.
    #[error("cannot use the directory {}: {source}", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The new swarm's first state could not be written.
    #[error("the new swarm could not be started: {0}")]
    Bootstrap(String),
}

impl From<WriteError> for ManagerError {
    fn from(error: WriteError) -> Self {
        Self::Bootstrap(error.to_string())
    }
}

/// A running manager; dropping it stops it.
#[derive(Debug)]
pub struct Manager {
    env: Env,
    raft: RaftNode,
    door: Door,
    shutdown: Shutdown,
    slot: LeaderSlot,
    loops: [Task<()>; 2],
}

impl Manager {
    /// Opens the log, joins in, serves.
    ///
    /// # Errors
    /// When the disk, the certificate or the port cannot be used.
    pub async fn start(options: ManagerOptions) -> Result<Self, ManagerError> {
        let ManagerOptions { env, cluster, raft_id, identity, directory, key, listen } = options;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|source| ManagerError::Listen { address: listen, source })?;
        let config = server_config(&identity)?;
        let disk = skep_log::RealDisk::open(&directory)
            .map_err(|source| ManagerError::Directory { directory: directory.clone(), source })?;
        let store = Arc::new(Store::default());
        let options = Options::new(raft_id, Arc::new(disk), skep_log::Key::new(0, key), cluster.value());
        let replica = Arc::new(Replica::new(Arc::clone(&store)));
        let raft = RaftNode::open(options, replica, Arc::new(GrpcTransport::new(identity))).await?;
        let door = Door::new(Arc::clone(&store), Arc::new(RaftProposer::new(raft.clone())), env.clone());

        let slot = LeaderSlot::new();
        let authorizer = Authorizer::new(cluster, env.clone(), store);
        let services = Services {
            dispatcher: DispatcherServer::new(slot.clone(), authorizer.clone()),
            raft: RaftServer::new(raft.clone(), authorizer),
        };
        let shutdown = Shutdown::new();
        let serving = server::serve(env.clone(), listener, config, services, shutdown.clone());
        let serving = async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the port for members is not served any more");
            }
        };
        let following = follow_leadership(env.clone(), raft.clone(), door.clone(), slot.clone());
        let loops = [env.spawn("members", serving), env.spawn("leadership", following)];
        Ok(Self { env, raft, door, shutdown, slot, loops })
    }

    /// Makes this manager the first member of a new swarm, reached at `address`, with these first objects.
    ///
    /// # Errors
    /// When it does not become the leader in time, or the objects cannot be written.
    pub async fn bootstrap(&self, address: &str, transaction: Transaction) -> Result<(), ManagerError> {
        let failed = |error: &dyn std::fmt::Display| ManagerError::Bootstrap(error.to_string());
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

    /// Stops everything; what was acknowledged is on disk.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.raft.shutdown().await;
        for running in self.loops {
            // Both end by themselves now; one that does not is ended with its handle.
            if self.env.timeout(STOP_TIMEOUT, running.join()).await.is_err() {
                tracing::warn!("a loop of the manager did not end by itself");
            }
        }
        // Connections that are still open hold the slot: what leads must not live on in it, nor keep the log's directory.
        self.slot.set(None);
    }

    async fn leads(&self) -> Result<(), ManagerError> {
        let mut leadership = self.raft.leadership();
        while !leadership.is_self {
            let next = self.raft.leadership_changed(&leadership).await;
            leadership = next.map_err(|stopped| ManagerError::Bootstrap(stopped.to_string()))?;
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
