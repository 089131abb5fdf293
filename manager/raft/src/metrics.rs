//! What a member knows of itself and the others.

use std::collections::BTreeMap;

use openraft::ServerState;
use openraft::async_runtime::watch::WatchReceiver;

use crate::types::Raft;

/// What a member is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Receives entries, has no vote.
    Learner,
    /// Receives entries and votes.
    Follower,
    /// Asks for votes.
    Candidate,
    /// Leads.
    Leader,
    /// Has stopped.
    Stopped,
}

/// What is known of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberState {
    /// Its address as `host:port`.
    pub address: String,
    /// Whether it has a vote that counts in full. While a change of the members is under way it has to be a voter before and after
    /// it: until the change is through (a leader that dies leaves it half done), a majority of both is needed.
    pub voter: bool,
    /// The last index that it is known to hold. Only a leader knows.
    pub matched: Option<u64>,
}

/// A picture of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// This member's id.
    pub id: u64,
    /// What it is.
    pub role: Role,
    /// Its term.
    pub term: u64,
    /// The leader that it follows.
    pub leader: Option<u64>,
    /// The last index of its log.
    pub last_log: Option<u64>,
    /// The last index that it knows to be committed.
    pub committed: Option<u64>,
    /// The last index that was applied.
    pub applied: Option<u64>,
    /// The last index of its snapshot.
    pub snapshot: Option<u64>,
    /// The last index that was purged from its log.
    pub purged: Option<u64>,
    /// All members by id.
    pub members: BTreeMap<u64, MemberState>,
    /// Why it stopped, if it did by itself.
    pub failure: Option<String>,
}

pub(crate) fn read(raft: &Raft) -> Metrics {
    let receiver = raft.metrics();
    let found = receiver.borrow_watched();
    let membership = found.membership_config.membership();
    let is_voter = |id: u64| membership.get_joint_config().iter().all(|voters| voters.contains(&id));
    let members = membership.nodes().map(|(&id, member)| {
        let replicated = found.replication.as_ref().and_then(|matched| matched.get(&id).copied().flatten());
        let matched = replicated.map(|log_id| log_id.index());
        (id, MemberState { address: member.address.clone(), voter: is_voter(id), matched })
    });
    Metrics {
        id: found.id,
        role: match found.state {
            ServerState::Learner => Role::Learner,
            ServerState::Follower => Role::Follower,
            ServerState::Candidate => Role::Candidate,
            ServerState::Leader => Role::Leader,
            ServerState::Shutdown => Role::Stopped,
        },
        term: found.current_term,
        leader: found.current_leader,
        last_log: found.last_log_index,
        committed: found.local_committed.map(|log_id| log_id.index()),
        applied: found.last_applied.map(|log_id| log_id.index()),
        snapshot: found.snapshot.map(|log_id| log_id.index()),
        purged: found.purged.map(|log_id| log_id.index()),
        members: members.collect(),
        failure: found.running_state.as_ref().err().map(ToString::to_string),
    }
}
