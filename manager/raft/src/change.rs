//! Changes of who is a member: one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use openraft::ChangeMembers;
use openraft::errors::{ClientWriteError, RaftError};
use openraft::type_config::TypeConfigExt;
use tokio::sync::Mutex;

use crate::error::ProposeError;
use crate::node::{fatal, refused};
use crate::types::{Member, Raft, TypeConfig};

/// Why the members were not changed, or may not have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// As for any command.
    #[error(transparent)]
    Write(#[from] ProposeError),
    /// Raft does not allow this change now.
    #[error("the managers cannot be changed so: {0}")]
    Refused(String),
}

/// Serialises changes: two at once could leave a joint configuration behind.
#[derive(Default)]
pub(crate) struct Changes {
    one: Mutex<()>,
}

impl Changes {
    pub(crate) async fn add(
        &self,
        raft: &Raft,
        id: u64,
        address: String,
        limit: Duration,
    ) -> Result<(), ChangeError> {
        let nodes = BTreeMap::from([(id, Member { address })]);
        self.change(raft, ChangeMembers::AddNodes(nodes), limit).await
    }

    pub(crate) async fn readdress(
        &self,
        raft: &Raft,
        id: u64,
        address: String,
        limit: Duration,
    ) -> Result<(), ChangeError> {
        let nodes = BTreeMap::from([(id, Member { address })]);
        self.change(raft, ChangeMembers::SetNodes(nodes), limit).await
    }

    pub(crate) async fn promote(&self, raft: &Raft, id: u64, limit: Duration) -> Result<(), ChangeError> {
        self.change(raft, ChangeMembers::AddVoterIds(BTreeSet::from([id])), limit).await
    }

    pub(crate) async fn remove(&self, raft: &Raft, id: u64, limit: Duration) -> Result<(), ChangeError> {
        // Asked of Raft itself: its metrics may be a moment behind an earlier change.
        let voter = raft
            .with_raft_state(move |state| {
                state.membership_state.effective().voter_ids().any(|voter| voter == id)
            })
            .await;
        let ids = BTreeSet::from([id]);
        let change = match voter.map_err(|error| fatal(&error))? {
            true => ChangeMembers::RemoveVoters(ids),
            false => ChangeMembers::RemoveNodes(ids),
        };
        self.change(raft, change, limit).await
    }

    async fn change(
        &self,
        raft: &Raft,
        change: ChangeMembers<u64, Member>,
        limit: Duration,
    ) -> Result<(), ChangeError> {
        let work = async {
            let _one = self.one.lock().await;
            raft.change_membership(change, false).await
        };
        match TypeConfig::timeout(limit, work).await {
            Err(_) => Err(ProposeError::Unknown.into()),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(RaftError::Fatal(error))) => Err(fatal(&error).into()),
            Ok(Err(RaftError::APIError(error))) => Err(match error {
                ClientWriteError::ForwardToLeader(forward) => refused(forward).into(),
                ClientWriteError::LogEntryDiscarded(_) => ProposeError::Unknown.into(),
                other => ChangeError::Refused(other.to_string()),
            }),
        }
    }
}
