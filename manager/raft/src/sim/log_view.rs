use std::hash::{DefaultHasher, Hash, Hasher};

use openraft::EntryPayload;
use openraft::entry::RaftEntry;

use crate::node::RaftNode;
use crate::types::Entry;

/// An entry as it stands in one member's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedEntry {
    /// Its index.
    pub index: u64,
    /// The term of the leader that made it.
    pub term: u64,
    /// What is in it.
    pub digest: u64,
}

impl RaftNode {
    /// The entries from `first` on that were appended in this life and are still in memory, synced or not.
    #[must_use]
    pub fn logged(&self, first: u64) -> Vec<LoggedEntry> {
        self.log_store().recent(first).iter().map(view).collect()
    }
}

fn view(entry: &Entry) -> LoggedEntry {
    let mut hasher = DefaultHasher::new();
    match &entry.payload {
        EntryPayload::Blank => 0_u8.hash(&mut hasher),
        EntryPayload::Normal(command) => command.bytes().hash(&mut hasher),
        EntryPayload::Membership(membership) => format!("{membership:?}").hash(&mut hasher),
    }
    let term = entry.log_id.committed_leader_id().term;
    LoggedEntry { index: entry.index(), term, digest: hasher.finish() }
}
