use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use skep_identity::{IdentityError, LiveIdentity};
use skep_log::Keys as LogKeys;
use skep_model::{ClusterId, Transaction};
use skep_raft::{Metrics, OpenError, Options};
use skep_runtime::{Env, Shutdown, Task};
use thiserror::Error;
use tokio::net::TcpListener;

use crate::ca::{Ca, CaServer};
use crate::controlapi::ControlApi;
use crate::core::{BootstrapError, Core};
use crate::dispatcher::DispatcherServer;
use crate::locking::Locking;
use crate::quorum::Quorum;
use crate::raft_server::RaftServer;
use crate::relay::RelayServer;
use crate::server::{self, Services};
use crate::transport::GrpcTransport;

/// How long the port may take to close when it is asked to.
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
    /// Its certificate, also after it is renewed.
    pub identity: LiveIdentity,
    /// Where the log and the snapshot are; this manager's alone.
    pub directory: PathBuf,
    /// Seal the log and the snapshot.
    pub keys: LogKeys,
    /// The swarm's epoch: managers of another one are refused.
    pub epoch: u64,
    /// Whether it ran before: then an empty directory is one that was lost.
    pub begun: bool,
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
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
}

impl ManagerError {
    /// Whether what this manager had acknowledged is not there any more: it may only join again, as another member of Raft.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        matches!(self, Self::Raft(error) if error.is_loss())
    }
}

/// A running manager with its port; dropping it stops it.
#[derive(Debug)]
pub struct Manager {
    env: Env,
    core: Core,
    shutdown: Shutdown,
    serving: Task<()>,
}

impl Manager {
    /// Opens the log, joins in, serves.
    ///
    /// # Errors
    /// When the disk, the certificate or the port cannot be used.
    pub async fn start(options: ManagerOptions) -> Result<Self, ManagerError> {
        let ManagerOptions { env, cluster, raft_id, identity, directory, keys, epoch, begun, listen } =
            options;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|source| ManagerError::Listen { address: listen, source })?;
        let disk = skep_log::RealDisk::open(&directory)
            .map_err(|source| ManagerError::Directory { directory: directory.clone(), source })?;
        let mut options = Options::new(raft_id, Arc::new(disk), keys, cluster.value());
        (options.epoch, options.begun) = (epoch, begun);
        let transport = Arc::new(GrpcTransport::new(identity.clone()));
        let core = Core::open(env.clone(), options, Arc::clone(&transport) as _, transport).await?;

        let authorizer = core.authorizer(cluster);
        let services = Services {
            dispatcher: DispatcherServer::new(core.slot().clone(), authorizer.clone()),
            raft: RaftServer::new(core.raft().clone(), authorizer.clone()),
            ca: CaServer::new(Ca::new(env.clone(), core.door().clone(), core.quorum()), authorizer.clone()),
            relay: RelayServer::new(env.clone(), core.slot().clone(), authorizer),
        };
        let shutdown = Shutdown::new();
        let serving = server::serve(env.clone(), listener, identity, services, shutdown.clone());
        let serving = async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the port for members is not served any more");
            }
        };
        let serving = env.spawn("members", serving);
        Ok(Self { env, core, shutdown, serving })
    }

    /// Makes this manager the first member of a new swarm, reached at `address`, with these first objects.
    ///
    /// # Errors
    /// When it does not become the leader in time, or the objects cannot be written.
    pub async fn bootstrap(&self, address: &str, transaction: Transaction) -> Result<(), ManagerError> {
        Ok(self.core.bootstrap(address, transaction).await?)
    }

    /// What users want done, goes through this.
    pub fn control(&self) -> ControlApi {
        self.core.control()
    }

    /// What it knows of the other managers.
    pub fn quorum(&self) -> Quorum {
        self.core.quorum()
    }

    /// What the swarm wants locked on this manager's disk. It keeps the log open, so nobody holds it for long after the
    /// manager.
    pub fn locking(&self) -> Locking {
        Locking::new(Arc::clone(self.core.store()), self.core.raft().clone(), self.core.quorum())
    }

    /// How Raft is.
    pub fn metrics(&self) -> Metrics {
        self.core.metrics()
    }

    /// Whether it is known that this manager's disk does not hold what it had acknowledged.
    pub fn has_lost_disk(&self) -> bool {
        self.core.raft().has_lost_disk()
    }

    /// Ends once it is known that this manager's disk does not hold what it had acknowledged; it takes part no more.
    pub fn disk_lost(&self) -> impl Future<Output = ()> + Send + use<> {
        let raft = self.core.raft().clone();
        async move {
            raft.disk_lost().await;
        }
    }

    /// Stops everything; what was acknowledged is on disk.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.core.stop().await;
        // It ends by itself now; if it does not, it is ended with its handle.
        if self.env.timeout(STOP_TIMEOUT, self.serving.join()).await.is_err() {
            tracing::warn!("the port for members did not close by itself");
        }
    }
}

/// Where the log and the snapshot of the member with this id are, below `root`: a node that is promoted again is another member.
pub fn raft_directory(root: &Path, raft_id: u64) -> PathBuf {
    root.join(format!("{raft_id:016x}"))
}
