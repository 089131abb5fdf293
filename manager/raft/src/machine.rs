//! openraft's state machine over the owner's.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{Stream, TryStreamExt};
use openraft::storage::{EntryResponder, RaftStateMachine};
use openraft::{EntryPayload, OptionalSend, RaftSnapshotBuilder, Snapshot};

use crate::snapshots::{SnapshotData, Snapshots};
use crate::spawner::{Spawner, run_blocking};
use crate::state_machine::{SnapshotWriter, StateMachine};
use crate::types::{LogId, Response, SnapshotMeta, StoredMembership, TypeConfig};

type SnapshotOf = openraft::alias::SnapshotOf<TypeConfig, SnapshotData>;

/// Remembers what was applied, and hands commands to the owner.
pub(crate) struct Machine {
    owner: Arc<dyn StateMachine>,
    spawner: Arc<dyn Spawner>,
    snapshots: Snapshots,
    applied: Option<LogId>,
    membership: StoredMembership,
}

impl Machine {
    /// Starts from the current snapshot.
    pub(crate) fn load(
        owner: Arc<dyn StateMachine>,
        spawner: Arc<dyn Spawner>,
        snapshots: Snapshots,
    ) -> io::Result<Self> {
        let meta = snapshots.load(|reader| owner.restore(reader))?.unwrap_or_default();
        let (applied, membership) = (meta.last_log_id, meta.last_membership);
        Ok(Self { owner, spawner, snapshots, applied, membership })
    }

    /// The last log id that the loaded snapshot covers.
    pub(crate) fn applied(&self) -> Option<LogId> {
        self.applied
    }
}

impl RaftStateMachine<TypeConfig> for Machine {
    type SnapshotData = SnapshotData;
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<Strm>(&mut self, mut entries: Strm) -> Result<(), io::Error>
    where
        Strm: Stream<Item = Result<EntryResponder<TypeConfig>, io::Error>> + Unpin + OptionalSend,
    {
        while let Some((entry, responder)) = entries.try_next().await? {
            let log_id = entry.log_id;
            let response = match entry.payload {
                EntryPayload::Blank => Vec::new(),
                EntryPayload::Normal(command) => {
                    self.owner.apply(log_id.index(), log_id.committed_leader_id().term, command.bytes())
                }
                EntryPayload::Membership(membership) => {
                    self.membership = StoredMembership::new(Some(log_id), membership);
                    Vec::new()
                }
            };
            self.applied = Some(log_id);
            if let Some(responder) = responder {
                responder.send(Response(response));
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Self::SnapshotBuilder {
        let meta = SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone() };
        let state = Mutex::new(Some(self.owner.snapshot()));
        Builder { meta, state, snapshots: self.snapshots.clone(), spawner: self.spawner.clone() }
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: SnapshotData,
    ) -> Result<(), io::Error> {
        let (snapshots, owner, expected) = (self.snapshots.clone(), self.owner.clone(), meta.clone());
        run_blocking(&*self.spawner, "raft-snapshot", move || {
            // On disk first, verified to its end; only then the state changes.
            snapshots.adopt(&expected, snapshot)?;
            let found = snapshots.load(|reader| owner.restore(reader))?;
            if found.as_ref() != Some(&expected) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a snapshot covers other entries than was said",
                ));
            }
            Ok(())
        })
        .await?;
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<SnapshotOf>, io::Error> {
        Ok(self.snapshots.current()?.map(|(meta, snapshot)| Snapshot { meta, snapshot }))
    }
}

/// A captured state that waits to be written.
pub(crate) struct Builder {
    meta: SnapshotMeta,
    /// Behind a lock only because openraft shares builders between threads.
    state: Mutex<Option<SnapshotWriter>>,
    snapshots: Snapshots,
    spawner: Arc<dyn Spawner>,
}

impl RaftSnapshotBuilder<TypeConfig> for Builder {
    type SnapshotData = SnapshotData;

    async fn build_snapshot(&mut self) -> Result<SnapshotOf, io::Error> {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let state = state.ok_or_else(|| io::Error::other("this state was written before"))?;
        let (snapshots, meta) = (self.snapshots.clone(), self.meta.clone());
        let built = run_blocking(&*self.spawner, "raft-snapshot", move || snapshots.build(&meta, state));
        let (meta, snapshot) = built.await?;
        Ok(Snapshot { meta, snapshot })
    }
}
