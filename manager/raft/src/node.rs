//! One member of the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use openraft::ReadPolicy;
use openraft::errors::{ClientWriteError, Fatal, ForwardToLeader, LinearizableReadError, RaftError};
use openraft::metrics::WaitError;
use openraft::type_config::TypeConfigExt;
use skep_log::{Disk, Key, SegmentedLog};

use crate::change::{ChangeError, Changes};
use crate::error::{OpenError, ProposeError, ReadError, RekeyError, Stopped};
use crate::fence::Fence;
use crate::idle;
use crate::leadership::{self, Leadership};
use crate::log_store::{self, LogStore};
use crate::machine::Machine;
use crate::message::RaftMessage;
use crate::metrics::{self, Metrics};
use crate::network::{Network, Peers};
use crate::options::Options;
use crate::reception::Reception;
use crate::rekey::Rekeying;
use crate::snapshots::{self, Snapshots};
use crate::spawner::run_blocking;
use crate::state_machine::StateMachine;
use crate::transport::Transport;
use crate::types::{Command, Member, Raft, TypeConfig};
use crate::witness::{self, Witness};

/// The named value that says whose directory it is.
const OWNER: &str = "raft.owner";

/// A command that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// Its index in the log.
    pub index: u64,
    /// What the state machine answered.
    pub response: Vec<u8>,
}

/// A running member. Clones share it; it runs until [`RaftNode::shutdown`] or until all clones are dropped.
#[derive(Clone)]
pub struct RaftNode {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    id: u64,
    raft: Raft,
    reception: Reception,
    fence: Fence,
    changes: Changes,
    max_command_bytes: usize,
    disk: Arc<dyn Disk>,
    rekeying: Rekeying,
    log: LogStore,
    witness: Witness,
}

impl Inner {
    pub(crate) fn raft(&self) -> &Raft {
        &self.raft
    }

    pub(crate) fn log(&self) -> &LogStore {
        &self.log
    }

    pub(crate) fn witness(&self) -> &Witness {
        &self.witness
    }
}

impl std::fmt::Debug for RaftNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RaftNode").field("id", &self.inner.id).finish_non_exhaustive()
    }
}

impl RaftNode {
    /// Opens the log and the snapshot, restores the state and starts. A fresh node waits to be added by a leader, or
    /// for [`RaftNode::bootstrap`].
    ///
    /// # Errors
    /// [`OpenError`]; a damaged log or snapshot is never opened.
    pub async fn open(
        options: Options,
        state_machine: Arc<dyn StateMachine>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, OpenError> {
        let limits = options.log_limits();
        let Options { id, disk, keys, cluster, epoch, begun, timings, spawner } = options;
        let config = timings.config(cluster)?;
        let own_disk = disk.clone();
        let snapshots = Snapshots::new(disk.clone(), keys.clone());
        let (held, checked, threads) = (snapshots.clone(), disk.clone(), spawner.clone());
        let held_keys = keys.clone();
        let opened = run_blocking(&*spawner, "raft-open", move || {
            let open = || -> Result<_, OpenError> {
                let mut log = SegmentedLog::open(disk, held_keys, limits)?.0;
                held.tidy()?;
                check_owner(&mut log, &*checked, (id, cluster), begun)?;
                let known = log_store::read_witness(&log)?;
                let log = LogStore::start(log, &*threads)?;
                let machine = Machine::load(state_machine, threads.clone(), held)?;
                check_coverage(&log, &machine)?;
                Ok((log, machine, known))
            };
            Ok(open())
        });
        let (log, machine, known) = opened.await??;
        let witness = Witness::new(id, log.clone(), snapshots.clone(), known);
        witness.check_own()?;
        let (jobs, held) = (log.writer(), snapshots.clone());
        let rekeying = Rekeying { keys, disk: own_disk.clone(), jobs, snapshots: held, spawner };
        let (held_log, fence) = (log.clone(), Fence::new(epoch));
        let network = Arc::new(Network {
            transport,
            id,
            cluster,
            epoch,
            sendings: AtomicU64::new(0),
            fence: fence.clone(),
            witness: witness.clone(),
        });
        let raft = Raft::new(id, config, Peers(network), log, machine).await;
        let raft = raft.map_err(|error| OpenError::Raft(error.to_string()))?;
        let reception = Reception {
            id,
            cluster,
            fence: fence.clone(),
            witness: witness.clone(),
            snapshots,
            incoming: tokio::sync::Mutex::default(),
        };
        let max_command_bytes = timings.max_command_bytes;
        let inner = Inner {
            id,
            raft,
            reception,
            fence,
            changes: Changes::default(),
            max_command_bytes,
            disk: own_disk,
            rekeying,
            log: held_log,
            witness,
        };
        let inner = Arc::new(inner);
        idle::watch(Arc::downgrade(&inner));
        witness::keep(Arc::downgrade(&inner));
        let node = Self { inner };
        node.lead_if_alone().await;
        Ok(node)
    }

    #[cfg(feature = "sim")]
    pub(crate) fn log_store(&self) -> &LogStore {
        &self.inner.log
    }

    /// A member that is the only voter has nobody to wait for before it leads again.
    async fn lead_if_alone(&self) {
        let members = self.metrics().members;
        let alone = members.len() == 1 && members.get(&self.inner.id).is_some_and(|own| own.voter);
        if let (true, Err(error)) = (alone, self.inner.raft.trigger().elect(false).await) {
            tracing::warn!(%error, "the only manager does not lead at once");
        }
    }

    /// Makes this fresh node the only member of a new cluster, reached at `address` (`host:port`). On a node that
    /// already is a member it does nothing.
    ///
    /// # Errors
    /// When Raft has stopped.
    pub async fn bootstrap(&self, address: &str) -> Result<(), Stopped> {
        let members = BTreeMap::from([(self.inner.id, Member { address: address.to_owned() })]);
        match self.inner.raft.initialize(members).await {
            // Refused when it is a member already: also when a bootstrap is repeated after a crash.
            Ok(()) | Err(RaftError::APIError(_)) => Ok(()),
            Err(RaftError::Fatal(error)) => Err(Stopped { reason: error.to_string() }),
        }
    }

    /// Proposes a command and waits until it is committed and applied here.
    ///
    /// # Errors
    /// See [`ProposeError`]: only [`ProposeError::Unknown`] and [`ProposeError::Storage`] leave open whether it is
    /// applied.
    pub async fn propose(&self, command: &[u8], limit: Duration) -> Result<Proposed, ProposeError> {
        let (bytes, max) = (command.len(), self.inner.max_command_bytes);
        if bytes > max {
            return Err(ProposeError::TooLarge { bytes, max });
        }
        let write = self.inner.raft.client_write(Command::new(command));
        match TypeConfig::timeout(limit, write).await {
            Err(_) => Err(self.inner.disk.trouble().map_or(ProposeError::Unknown, ProposeError::Storage)),
            Ok(Ok(written)) => Ok(Proposed { index: written.log_id.index(), response: written.data.0 }),
            Ok(Err(RaftError::Fatal(error))) => Err(fatal(&error)),
            Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(forward)))) => Err(refused(forward)),
            Ok(Err(RaftError::APIError(_))) => Err(ProposeError::Unknown),
        }
    }

    /// Waits until this member's state holds everything that any member had acknowledged before the call.
    ///
    /// # Errors
    /// [`ReadError::NotLeader`] on followers, [`ReadError::NoQuorum`] also when `limit` passes.
    pub async fn linearizable(&self, limit: Duration) -> Result<(), ReadError> {
        let read = self.inner.raft.ensure_linearizable(ReadPolicy::ReadIndex);
        match TypeConfig::timeout(limit, read).await {
            Err(_) => Err(ReadError::NoQuorum),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(RaftError::Fatal(Fatal::StorageError(error)))) => {
                Err(ReadError::Storage(error.to_string()))
            }
            Ok(Err(RaftError::Fatal(_))) => Err(ReadError::Stopped),
            Ok(Err(RaftError::APIError(LinearizableReadError::QuorumNotEnough(_)))) => {
                Err(ReadError::NoQuorum)
            }
            Ok(Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(forward)))) => {
                Err(ReadError::NotLeader { leader: known(forward) })
            }
        }
    }

    /// Waits until this member has applied the entry at `index`.
    ///
    /// # Errors
    /// [`ReadError::NoQuorum`] when `limit` passes before; [`ReadError::Stopped`].
    pub async fn applied(&self, index: u64, limit: Duration) -> Result<(), ReadError> {
        let wait = self.inner.raft.wait(Some(limit));
        match wait.applied_index_at_least(Some(index), "an entry").await {
            Ok(_) => Ok(()),
            Err(WaitError::Timeout(..)) => Err(ReadError::NoQuorum),
            Err(WaitError::ShuttingDown) => Err(ReadError::Stopped),
        }
    }

    /// Does what another member's message asks; answers with the bytes to return. Messages of another cluster or epoch
    /// are refused, which the sender is told.
    pub async fn receive(&self, message: &RaftMessage) -> Vec<u8> {
        self.inner.reception.receive(&self.inner.raft, message).await
    }

    /// This member's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.inner.id
    }

    /// Whether this member leads, as far as it knows.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.leadership().is_self
    }

    /// Who leads, as far as this member knows.
    #[must_use]
    pub fn leadership(&self) -> Leadership {
        leadership::current(&self.inner.raft)
    }

    /// Waits until the leadership is another than `previous`. Start with [`Leadership::default`].
    ///
    /// # Errors
    /// When Raft has stopped.
    pub async fn leadership_changed(&self, previous: &Leadership) -> Result<Leadership, Stopped> {
        leadership::changed(&self.inner.raft, previous).await
    }

    /// Adds a member without a vote; it starts to receive the log. Answers when the change is committed, not when the
    /// member has caught up.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn add_learner(&self, id: u64, address: &str, limit: Duration) -> Result<(), ChangeError> {
        self.inner.changes.add(&self.inner.raft, id, address.to_owned(), limit).await
    }

    /// Changes where a member is reached.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn readdress(&self, id: u64, address: &str, limit: Duration) -> Result<(), ChangeError> {
        self.inner.changes.readdress(&self.inner.raft, id, address.to_owned(), limit).await
    }

    /// Gives a learner its vote.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn promote(&self, id: u64, limit: Duration) -> Result<(), ChangeError> {
        self.inner.changes.promote(&self.inner.raft, id, limit).await
    }

    /// Removes a member, voter or learner. It is not told: it has to be stopped by other means.
    ///
    /// # Errors
    /// [`ChangeError`]; the last voter cannot be removed.
    pub async fn remove(&self, id: u64, limit: Duration) -> Result<(), ChangeError> {
        self.inner.changes.remove(&self.inner.raft, id, limit).await
    }

    /// Hands leadership to another voter and waits until this member no longer leads.
    ///
    /// # Errors
    /// [`ChangeError::Refused`] when the other one has no vote: a leader that waits for it would take no command any more, and
    /// might wait for ever. [`ProposeError::NotLeader`] when this member does not lead, [`ProposeError::Unknown`] when it still
    /// leads at the deadline (the other one may be behind or down).
    pub async fn transfer_leader(&self, to: u64, limit: Duration) -> Result<(), ChangeError> {
        let before = self.leadership();
        if !before.is_self {
            let leader = before.leader.map(|leader| (leader.id, leader.address));
            return Err(ProposeError::NotLeader { leader }.into());
        }
        if to == self.inner.id {
            return Ok(());
        }
        if !self.metrics().members.get(&to).is_some_and(|member| member.voter) {
            return Err(ChangeError::Refused(format!("member {to} has no vote, so it cannot lead")));
        }
        self.inner.raft.trigger().transfer_leader(to).await.map_err(|error| fatal(&error))?;
        let lost = async {
            let mut now = before;
            while now.is_self {
                now = self.leadership_changed(&now).await.map_err(|_| ProposeError::Stopped)?;
            }
            Ok::<_, ProposeError>(())
        };
        Ok(TypeConfig::timeout(limit, lost).await.unwrap_or(Err(ProposeError::Unknown))?)
    }

    /// Takes a snapshot now, beside the regular ones.
    ///
    /// # Errors
    /// When Raft has stopped.
    pub async fn snapshot(&self) -> Result<(), Stopped> {
        let asked = self.inner.raft.trigger().snapshot().await;
        asked.map_err(|error| Stopped { reason: error.to_string() })
    }

    /// Gives the log and the snapshot this key: what is new is sealed with it at once, what is there is sealed again. Once
    /// this has succeeded, no file of this member's directory needs an older key. The key must be kept where the next
    /// [`RaftNode::open`] finds it, with the older ones, before this is called.
    ///
    /// # Errors
    /// [`RekeyError`]; older keys are still needed then, and it may be asked again.
    pub async fn rekey(&self, key: Key) -> Result<(), RekeyError> {
        self.inner.rekeying.run(key).await
    }

    /// Waits until it is known that the cluster went on in a later epoch without this member: it was recovered while this
    /// one was away. Gives that epoch.
    pub async fn left_behind(&self) -> u64 {
        self.inner.fence.passed().await
    }

    /// The later epoch of the cluster, if it is known that it went on without this member.
    #[must_use]
    pub fn later_epoch(&self) -> Option<u64> {
        self.inner.fence.later()
    }

    /// Waits until it is known that this member's disk does not hold what it had acknowledged: it was emptied, or put back to
    /// an older state. It must not vote any more: stop it, and join again as another member. Gives the index that it had
    /// acknowledged.
    pub async fn disk_lost(&self) -> u64 {
        self.inner.witness.lose().await
    }

    /// Whether [`RaftNode::disk_lost`] has ended.
    #[must_use]
    pub fn has_lost_disk(&self) -> bool {
        self.inner.witness.lost().is_some()
    }

    /// A picture of this moment.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        metrics::read(&self.inner.raft)
    }

    /// Stops. Nothing that was acknowledged is lost; calls in flight end with `Stopped` or `Unknown`.
    pub async fn shutdown(&self) {
        if let Err(error) = self.inner.raft.shutdown().await {
            tracing::warn!(%error, "Raft did not stop cleanly");
        }
    }
}

/// A directory belongs to one member of one cluster for ever, which is the first thing that is stored in it.
pub(crate) fn check_owner(
    log: &mut SegmentedLog,
    disk: &dyn Disk,
    (id, cluster): (u64, u128),
    begun: bool,
) -> Result<(), OpenError> {
    let expected = format!("member {id} of cluster {cluster:032x}");
    match log.read_meta(OWNER) {
        Some(found) if found == expected.as_bytes() => Ok(()),
        Some(found) => {
            Err(OpenError::OtherOwner { found: String::from_utf8_lossy(found).into_owned(), expected })
        }
        None if log.next() > log.first() || snapshots::exists(disk)? => {
            Err(OpenError::ValuesMissing { directory: disk.describe() })
        }
        None if begun => Err(OpenError::Emptied { expected }),
        None => Ok(log.put_meta(OWNER, expected.as_bytes())?),
    }
}

/// What is gone from the log must be in the snapshot.
fn check_coverage(log: &LogStore, machine: &Machine) -> Result<(), OpenError> {
    let (purged, applied) = (log.purged(), machine.applied());
    match purged {
        Some(purged) if applied < Some(purged) => {
            let snapshot = applied.map_or(0, |applied| applied.index());
            Err(OpenError::SnapshotMissing { purged: purged.index(), snapshot })
        }
        _ => Ok(()),
    }
}

pub(crate) fn fatal(error: &Fatal<TypeConfig>) -> ProposeError {
    match error {
        Fatal::StorageError(error) => ProposeError::Storage(error.to_string()),
        Fatal::Panicked | Fatal::Stopped => ProposeError::Stopped,
    }
}

pub(crate) fn refused(forward: ForwardToLeader<TypeConfig>) -> ProposeError {
    ProposeError::NotLeader { leader: known(forward) }
}

fn known(forward: ForwardToLeader<TypeConfig>) -> Option<(u64, String)> {
    Some((forward.leader_id?, forward.leader_node?.address))
}
