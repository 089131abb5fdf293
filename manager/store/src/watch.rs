//! What changed, commit by commit, for those that must see every change.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use skep_model::{Object, ObjectKey};
use skep_runtime::Latest;
use thiserror::Error;

/// Commits that are kept for watchers that lag behind.
const COMMITS_KEPT: usize = 10_000;

/// What one change did.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The object.
    pub key: ObjectKey,
    /// How it was; none when it was made.
    pub before: Option<Object>,
    /// How it is; none when it was removed.
    pub after: Option<Object>,
}

/// One applied transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// The store's version after it.
    pub version: u64,
    /// Its changes, in order.
    pub events: Vec<Event>,
}

/// The watcher lags so far behind that commits are lost to it: read everything again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the watcher is too far behind; read the state again")]
pub struct Behind;

/// The latest commits, and a signal for each new one.
#[derive(Debug)]
pub(crate) struct Hub {
    commits: Mutex<Ring>,
    version: Latest<u64>,
}

#[derive(Debug, Default)]
struct Ring {
    commits: VecDeque<Arc<Commit>>,
    /// Everything up to this version is not in the ring any more (or was never).
    dropped_to: u64,
    /// What each watcher has seen. A commit that all have seen is dropped: it holds objects as they were before, which would
    /// otherwise be kept long after the state has moved on.
    seen: BTreeMap<u64, u64>,
    watchers: u64,
}

impl Ring {
    fn tidy(&mut self) {
        let needed = self.seen.values().min().copied().unwrap_or(u64::MAX);
        while let Some(oldest) = self.commits.front().map(|commit| commit.version)
            && (oldest <= needed || self.commits.len() > COMMITS_KEPT)
        {
            self.commits.pop_front();
            self.dropped_to = oldest;
        }
    }
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self { commits: Mutex::default(), version: Latest::new(0) }
    }

    pub(crate) fn version(&self) -> &Latest<u64> {
        &self.version
    }

    pub(crate) fn publish(&self, commit: Commit) {
        let version = commit.version;
        {
            let mut ring = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
            ring.commits.push_back(Arc::new(commit));
            ring.tidy();
        }
        self.version.set(version);
    }

    /// Everything was replaced: watchers must read it again.
    pub(crate) fn restart(&self, version: u64) {
        {
            let mut ring = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
            ring.commits.clear();
            ring.dropped_to = version;
        }
        self.version.set(version);
    }

    fn register(&self, seen: u64) -> u64 {
        let mut ring = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        ring.watchers += 1;
        let id = ring.watchers;
        ring.seen.insert(id, seen);
        id
    }

    fn leave(&self, id: u64) {
        let mut ring = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        ring.seen.remove(&id);
        ring.tidy();
    }

    fn after(&self, id: u64, seen: u64) -> Result<Option<Arc<Commit>>, Behind> {
        let mut ring = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        ring.seen.insert(id, seen);
        if seen < ring.dropped_to {
            return Err(Behind);
        }
        let position = ring.commits.partition_point(|commit| commit.version <= seen);
        Ok(ring.commits.get(position).cloned())
    }
}

/// Reads commits in order.
#[derive(Debug)]
pub struct Watch {
    hub: Arc<Hub>,
    id: u64,
    seen: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.hub.leave(self.id);
    }
}

impl Watch {
    pub(crate) fn new(hub: Arc<Hub>, seen: u64) -> Self {
        let id = hub.register(seen);
        Self { hub, id, seen }
    }

    /// The next commit, once there is one.
    ///
    /// # Errors
    /// When commits were lost to this watcher.
    pub async fn next(&mut self) -> Result<Arc<Commit>, Behind> {
        let mut signal = 0;
        loop {
            if let Some(commit) = self.ready()? {
                return Ok(commit);
            }
            signal = self.hub.version.changed(signal).await.0;
        }
    }

    /// The next commit, if there is one already.
    ///
    /// # Errors
    /// When commits were lost to this watcher.
    pub fn ready(&mut self) -> Result<Option<Arc<Commit>>, Behind> {
        let commit = self.hub.after(self.id, self.seen)?;
        self.seen = commit.as_ref().map_or(self.seen, |commit| commit.version);
        Ok(commit)
    }

    /// The version of the last commit that was read.
    pub fn seen(&self) -> u64 {
        self.seen
    }
}
