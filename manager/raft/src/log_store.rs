//! openraft's log over [`SegmentedLog`].

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::ops::{Bound, Range, RangeBounds};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openraft::entry::RaftEntry;
use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend, RaftLogReader};
use skep_log::{Record, SegmentedLog};
use tokio::sync::mpsc::{UnboundedSender, WeakUnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::error::OpenError;
use crate::log_cache::{self, LogCache};
use crate::log_writer::{self, Job};
use crate::spawner::Spawner;
use crate::types::{Entry, LogId, TypeConfig, Vote};

/// The kind of the records that hold entries.
pub(crate) const ENTRY: u8 = 1;
/// One message to a follower takes at most so many bytes of entries, and always one entry.
const MESSAGE_BYTES: usize = 1 << 20;
/// So many entries are read from disk at once for a message.
const READ_AHEAD: u64 = 128;

/// The Raft log. Clones share it. Entries can be read as soon as they are appended; they are reported as flushed when
/// a sync has made them durable, one sync for all that wait.
#[derive(Clone, Debug)]
pub(crate) struct LogStore {
    jobs: UnboundedSender<Job>,
    state: Arc<Mutex<State>>,
    /// The index after the last entry that is synced.
    durable: Arc<AtomicU64>,
}

#[derive(Debug)]
struct State {
    vote: Option<Vote>,
    /// The index of the first entry that is held; beyond the last one when there is none.
    first: u64,
    last: Option<LogId>,
    purged: Option<LogId>,
    cache: LogCache,
}

impl LogStore {
    /// Takes over a log that was just opened and starts its writer.
    ///
    /// # Errors
    /// [`OpenError::Log`] when the log's content makes no sense to Raft, [`OpenError::Io`] when no thread can be had.
    pub(crate) fn start(mut log: SegmentedLog, spawner: &dyn Spawner) -> Result<Self, OpenError> {
        let vote = read_vote(&log)?;
        let purged = read_purged(&log)?;
        if let Some(purged) = &purged {
            // A crash between the two marks of a purge leaves the log behind.
            log.purge_to(purged.index())?;
        }
        let last = read_last(&log)?;
        let first = log.first();
        let (jobs, queue) = unbounded_channel();
        // Opening a log syncs it.
        let durable = Arc::new(AtomicU64::new(log.next()));
        spawner.dedicated("raft-log", Box::pin(log_writer::run(log, queue, Arc::clone(&durable))))?;
        let state = State { vote, first, last, purged, cache: LogCache::default() };
        Ok(Self { jobs, state: Arc::new(Mutex::new(state)), durable })
    }

    /// The log id up to which entries were purged: a snapshot must cover it.
    pub(crate) fn purged(&self) -> Option<LogId> {
        self.lock().purged
    }

    /// The index of the last entry that is there, or was purged.
    pub(crate) fn last(&self) -> Option<u64> {
        self.lock().last.map(|last| last.index())
    }

    /// The index of the last entry that is synced.
    pub(crate) fn durable(&self) -> Option<u64> {
        self.durable.load(Ordering::Acquire).checked_sub(1)
    }

    /// Keeps what members are known to have acknowledged.
    pub(crate) async fn save_witness(&self, known: &BTreeMap<u64, u64>) -> io::Result<()> {
        let bytes = encode(known)?;
        self.ask(|done| Job::Put { name: log_writer::WITNESS, bytes, done }).await
    }

    /// The way to the log's writer, without keeping it alive.
    pub(crate) fn writer(&self) -> WeakUnboundedSender<Job> {
        self.jobs.downgrade()
    }

    /// The entries from `first` on that are in memory.
    #[cfg(feature = "sim")]
    pub(crate) fn recent(&self, first: u64) -> Vec<Entry> {
        self.lock().cache.from(first)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<io::Result<T>>) -> Job) -> io::Result<T> {
        let (done, answer) = oneshot::channel();
        self.jobs.send(job(done)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// The entries of a range that are there: from memory, or from disk when older ones are asked for.
    async fn read(&self, range: Range<u64>) -> io::Result<Vec<Entry>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(entries) = self.lock().cache.get(range.clone()) {
            return Ok(entries);
        }
        let records = self.ask(|done| Job::Read { range, done }).await?;
        records.iter().map(|record| entry(record).map_err(io::Error::other)).collect()
    }

    /// Limits a range to what the log holds.
    fn held(&self, range: &impl RangeBounds<u64>) -> Range<u64> {
        let state = self.lock();
        let next = state.last.map_or(0, |last| last.index() + 1);
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&start) => start.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&end) => end.saturating_add(1),
            Bound::Excluded(&end) => end,
            Bound::Unbounded => u64::MAX,
        };
        start.max(state.first)..end.min(next)
    }
}

impl RaftLogReader<TypeConfig> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, io::Error> {
        self.read(self.held(&range)).await
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        Ok(self.lock().vote)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, io::Error> {
        let end = end.min(start.saturating_add(READ_AHEAD));
        let mut entries = self.read(self.held(&(start..end))).await?;
        let mut bytes = 0;
        let fit = entries.iter().take_while(|entry| {
            let before = bytes;
            bytes += log_cache::size(entry);
            before == 0 || bytes <= MESSAGE_BYTES
        });
        let fit = fit.count();
        entries.truncate(fit);
        Ok(entries)
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, io::Error> {
        let state = self.lock();
        Ok(LogState { last_purged_log_id: state.purged, last_log_id: state.last })
    }

    async fn get_log_reader(&mut self) -> Self::LogReader {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let bytes = encode(vote)?;
        self.ask(|done| Job::Put { name: log_writer::VOTE, bytes, done }).await?;
        self.lock().vote = Some(*vote);
        Ok(())
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut records = Vec::new();
        let mut state = self.lock();
        for entry in entries {
            records.push(Record { kind: ENTRY, index: entry.index(), payload: encode(&entry)? });
            if state.last.is_none_or(|last| last.index() < state.first) {
                state.first = entry.index();
            }
            state.last = Some(entry.log_id());
            state.cache.push(entry);
        }
        // Under the lock, so that jobs stand in the queue in the order of the state's changes.
        self.jobs.send(Job::Append { records, done: callback }).map_err(|_| gone())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> Result<(), io::Error> {
        let index = last.map(|last| last.index());
        {
            let mut state = self.lock();
            if state.last.map(|held| held.index()) <= index {
                return Ok(());
            }
            state.cache.truncate(index.map_or(0, |index| index + 1));
            state.last = last;
        }
        self.ask(|done| Job::Truncate { last: index, done }).await
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), io::Error> {
        let last = log_id.index();
        {
            let mut state = self.lock();
            if state.purged.is_some_and(|purged| purged.index() >= last) {
                return Ok(());
            }
            state.purged = Some(log_id);
            state.last = state.last.max(Some(log_id));
            state.first = state.first.max(last + 1);
            state.cache.purge(last);
        }
        let mark = encode(&log_id)?;
        self.ask(|done| Job::Purge { last, mark, done }).await
    }
}

/// What members were known to have acknowledged.
pub(crate) fn read_witness(log: &SegmentedLog) -> Result<BTreeMap<u64, u64>, OpenError> {
    let known = log.read_meta(log_writer::WITNESS);
    Ok(known.map(|bytes| decode(bytes, "what members acknowledged")).transpose()?.unwrap_or_default())
}

pub(crate) fn read_vote(log: &SegmentedLog) -> Result<Option<Vote>, OpenError> {
    log.read_meta(log_writer::VOTE).map(|bytes| decode(bytes, "the vote")).transpose()
}

fn read_purged(log: &SegmentedLog) -> Result<Option<LogId>, OpenError> {
    log.read_meta(log_writer::PURGED).map(|bytes| decode(bytes, "the purge mark")).transpose()
}

/// The last entry that the log holds, or was purged of.
pub(crate) fn read_last(log: &SegmentedLog) -> Result<Option<LogId>, OpenError> {
    if log.first() >= log.next() {
        return read_purged(log);
    }
    let mut records = log.read(log.next() - 1..log.next())?;
    Ok(records.pop().map(|record| entry(&record)).transpose()?.map(|entry| entry.log_id()))
}

fn entry(record: &Record) -> Result<Entry, OpenError> {
    if record.kind != ENTRY {
        return Err(OpenError::Content { what: "an entry", cause: format!("record kind {}", record.kind) });
    }
    decode(&record.payload, "an entry")
}

pub(crate) fn encode<T: serde::Serialize>(value: &T) -> io::Result<Vec<u8>> {
    postcard::to_allocvec(value).map_err(io::Error::other)
}

fn decode<T: for<'de> serde::Deserialize<'de>>(bytes: &[u8], what: &'static str) -> Result<T, OpenError> {
    postcard::from_bytes(bytes).map_err(|error| OpenError::Content { what, cause: error.to_string() })
}

fn gone() -> io::Error {
    io::Error::other("the log's writer has ended")
}
