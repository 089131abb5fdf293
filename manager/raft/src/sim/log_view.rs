use std::hash::{DefaultHasher, Hash, Hasher};

use openraft::EntryPayload;
use openraft::entry::RaftEntry;
use skep_log::SegmentedLog;

use crate::error::OpenError;
use crate::log_store;
use crate::node::RaftNode;
use crate::options::Options;
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

/// Term and index of the last entry in the log of these options, which nobody has open; none when it has no entry.
///
/// # Errors
/// [`OpenError`] when the log cannot be read.
pub fn last_logged(options: &Options) -> Result<Option<(u64, u64)>, OpenError> {
    let log = SegmentedLog::open(options.disk.clone(), options.keys.clone(), options.log_limits())?.0;
    let last = log_store::read_last(&log)?;
    Ok(last.map(|last| (last.committed_leader_id().term, last.index())))
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
