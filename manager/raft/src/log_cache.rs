//! The newest entries, in memory: followers that keep up, and applying, read no disk.

use std::collections::VecDeque;
use std::ops::Range;

use openraft::EntryPayload;
use openraft::entry::RaftEntry;

use crate::types::Entry;

/// At most so many entries are kept.
const MAX_ENTRIES: usize = 4096;
/// At most so many bytes of commands are kept, in bytes; the newest entry always.
const MAX_BYTES: usize = 1 << 20;

/// Consecutive entries up to the end of the log.
#[derive(Debug, Default)]
pub(crate) struct LogCache {
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl LogCache {
    pub(crate) fn push(&mut self, entry: Entry) {
        if self.entries.back().is_some_and(|last| last.index() + 1 != entry.index()) {
            self.clear();
        }
        self.bytes += size(&entry);
        self.entries.push_back(entry);
        while self.entries.len() > 1 && (self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES) {
            self.bytes -= self.entries.pop_front().map_or(0, |entry| size(&entry));
        }
    }

    /// The entries of a range, if all of them are here.
    pub(crate) fn get(&self, range: Range<u64>) -> Option<Vec<Entry>> {
        let first = self.entries.front()?.index();
        let start = usize::try_from(range.start.checked_sub(first)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(first)?).ok()?;
        (end <= self.entries.len()).then(|| self.entries.range(start..end).cloned().collect())
    }

    /// The entries from `first` on that are here.
    #[cfg(feature = "sim")]
    pub(crate) fn from(&self, first: u64) -> Vec<Entry> {
        let start = self.entries.partition_point(|entry| entry.index() < first);
        self.entries.range(start..).cloned().collect()
    }

    /// Forgets the entries from `next` on.
    pub(crate) fn truncate(&mut self, next: u64) {
        while self.entries.back().is_some_and(|entry| entry.index() >= next) {
            self.bytes -= self.entries.pop_back().map_or(0, |entry| size(&entry));
        }
    }

    /// Forgets the entries up to `last`.
    pub(crate) fn purge(&mut self, last: u64) {
        while self.entries.front().is_some_and(|entry| entry.index() <= last) {
            self.bytes -= self.entries.pop_front().map_or(0, |entry| size(&entry));
        }
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }
}

/// Roughly what an entry takes in a message, in bytes.
pub(crate) fn size(entry: &Entry) -> usize {
    32 + match &entry.payload {
        EntryPayload::Normal(command) => command.bytes().len(),
        EntryPayload::Blank | EntryPayload::Membership(_) => 0,
    }
}
