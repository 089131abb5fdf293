//! Recovery from the loss of most managers: on a copy of the log, which replaces the log when it is known to work.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use skep_log::{Keys, RealDisk};
use skep_model::{Change, Cluster, ClusterId, Node, NodeId, NodeState, NodeStatus, Timestamp, Transaction};
use skep_raft::{
    OpenError, Options, ProposeError, Proposed, RaftMessage, ReadError, Transport, TransportError,
    become_only_member,
};
use skep_runtime::Env;
use skep_store::{View, WriteError};
use thiserror::Error;

use crate::core::Core;
use crate::leader_calls::LeaderCalls;

/// How long the recovered manager may take to lead alone and to have read all of its log.
const LEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// The one manager that is left.
#[derive(Debug)]
pub struct Survivor {
    /// Tasks, time, random numbers.
    pub env: Env,
    /// Its swarm.
    pub cluster: ClusterId,
    /// Its node.
    pub node: NodeId,
    /// Its id in Raft.
    pub raft_id: u64,
    /// Where its log and snapshot are. Nobody may have them open.
    pub directory: PathBuf,
    /// What they are sealed with.
    pub keys: Keys,
    /// The epoch that begins.
    pub epoch: u64,
    /// Where other members will reach it, `address:port`.
    pub address: String,
}

/// The swarm was not recovered; everything is as it was.
#[derive(Debug, Error)]
pub enum RecoverError {
    /// The log cannot be used.
    #[error(transparent)]
    Log(#[from] OpenError),
    /// A file could not be copied or renamed.
    #[error("{what}: {source}")]
    File {
        /// What was done.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The recovered copy does not work.
    #[error("the recovered copy of the log does not work: {0}; the log is as it was")]
    NotLeading(String),
    /// The recovered copy could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Makes a swarm of one manager of what this one knows. Services, tasks and workers stay; the other managers are workers from
/// now on, and come back as such. `swap` is called between the proof that the copy works and its use: what it writes down
/// tells a restarted daemon that the new epoch has begun. Answers with where the old log is kept.
///
/// # Errors
/// See [`RecoverError`]; nothing has changed then.
pub async fn recover(
    survivor: Survivor,
    swap: impl FnOnce() -> Result<(), RecoverError>,
) -> Result<PathBuf, RecoverError> {
    let copy = survivor.directory.with_extension("recovering");
    remove(&copy)?;
    copy_directory(&survivor.directory, &copy)?;
    let proven = prove(&survivor, &copy).await;
    if let Err(error) = proven {
        remove(&copy)?;
        return Err(error);
    }
    swap()?;
    let seconds = survivor.env.now().as_nanos() / 1_000_000_000;
    let kept = survivor.directory.with_extension(format!("before-{seconds}"));
    // In one step: at no moment a crash leaves the manager without a log.
    exchange(&survivor.directory, &copy)?;
    rename(&copy, &kept)?;
    Ok(kept)
}

/// Lets the copy lead alone, reads all of it, and writes down who is a manager from now on.
async fn prove(survivor: &Survivor, copy: &Path) -> Result<(), RecoverError> {
    let disk = RealDisk::open(copy).map_err(file(format!("open {}", copy.display())))?;
    let (keys, cluster) = (survivor.keys.clone(), survivor.cluster.value());
    let mut options = Options::new(survivor.raft_id, Arc::new(disk), keys, cluster);
    become_only_member(&options, &survivor.address)?;
    options.epoch = survivor.epoch;
    let nobody = Arc::new(Nobody);
    let core = Core::open(survivor.env.clone(), options, Arc::clone(&nobody) as _, nobody).await?;
    let led = core.quorum().read_barrier(LEAD_TIMEOUT).await;
    let written = match led {
        Ok(()) => alone(&core, survivor).await,
        Err(error) => Err(RecoverError::NotLeading(error.to_string())),
    };
    core.stop().await;
    written
}

async fn alone(core: &Core, survivor: &Survivor) -> Result<(), RecoverError> {
    let now = survivor.env.now();
    let written = core.door().change(|view| Ok((transaction(view, survivor, now), ())));
    Ok(written.await.map_err(|error: WriteError| error)?)
}

fn transaction(view: &View, survivor: &Survivor, now: Timestamp) -> Transaction {
    let own = view.nodes().filter(|node| node.id == survivor.node).map(|node| {
        let mut node = Node::clone(node);
        if let Some(manager) = &mut node.manager {
            manager.address.clone_from(&survivor.address);
        }
        node
    });
    let others = view.nodes().filter(|node| node.id != survivor.node && node.manager.is_some());
    let others = others.map(|node| {
        let mut node = Node::clone(node).into_worker();
        let message = "it was a manager before the swarm was recovered without it".to_owned();
        node.status = NodeStatus { state: NodeState::Unknown, message, since: now, ..node.status };
        node
    });
    let cluster = view.cluster().map(|cluster| Cluster { epoch: survivor.epoch, ..Cluster::clone(cluster) });
    let changes = own.chain(others).map(|node| Change::Update(node.into()));
    Transaction { changes: changes.chain(cluster.map(|cluster| Change::Update(cluster.into()))).collect() }
}

/// There is nobody to talk to.
struct Nobody;

#[async_trait]
impl Transport for Nobody {
    async fn call(&self, _: u64, address: &str, _: RaftMessage) -> Result<Vec<u8>, TransportError> {
        Err(TransportError::Unreachable(address.to_owned()))
    }
}

#[async_trait]
impl LeaderCalls for Nobody {
    async fn propose(&self, _: &str, _: &[u8], _: Duration) -> Result<Proposed, ProposeError> {
        Err(ProposeError::NotLeader { leader: None })
    }

    async fn read_index(&self, _: &str, _: Duration) -> Result<u64, ReadError> {
        Err(ReadError::NotLeader { leader: None })
    }

    async fn is_there(&self, _: &str, _: Duration) -> bool {
        false
    }
}

fn file(what: String) -> impl FnOnce(io::Error) -> RecoverError {
    move |source| RecoverError::File { what, source }
}

/// Copies files, durably; a log's directory has no others.
fn copy_directory(from: &Path, to: &Path) -> Result<(), RecoverError> {
    let copy = || {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let target = to.join(entry.file_name());
                fs::copy(entry.path(), &target)?;
                fs::File::open(target)?.sync_all()?;
            }
        }
        fs::File::open(to)?.sync_all()
    };
    copy().map_err(file(format!("copy {} to {}", from.display(), to.display())))
}

fn exchange(one: &Path, other: &Path) -> Result<(), RecoverError> {
    let exchanged = || {
        renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?;
        sync_parent(one)
    };
    exchanged().map_err(file(format!("exchange {} and {}", one.display(), other.display())))
}

fn rename(from: &Path, to: &Path) -> Result<(), RecoverError> {
    let renamed = || {
        fs::rename(from, to)?;
        sync_parent(to)
    };
    renamed().map_err(file(format!("rename {} to {}", from.display(), to.display())))
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all())
}

fn remove(path: &Path) -> Result<(), RecoverError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(file(format!("remove {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_change_places() {
        let parent = tempfile::tempdir().unwrap();
        let (log, copy) = (parent.path().join("log"), parent.path().join("log.recovering"));
        fs::create_dir(&log).unwrap();
        fs::write(log.join("segment"), "old").unwrap();
        copy_directory(&log, &copy).unwrap();
        fs::write(copy.join("segment"), "new").unwrap();
        exchange(&log, &copy).unwrap();
        assert_eq!(fs::read_to_string(log.join("segment")).unwrap(), "new");
        assert_eq!(fs::read_to_string(copy.join("segment")).unwrap(), "old");
    }
}
