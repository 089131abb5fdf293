//! The sessions that are open.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use skep_model::{NodeId, SessionId};
use skep_runtime::Latest;

use super::endpoints::Book;

/// What is known of one agent.
#[derive(Clone, Copy, Debug)]
struct Open {
    id: SessionId,
    /// By the uptime of this leader.
    seen: Duration,
    /// The table's version that the node says it has applied.
    applied: u64,
    /// The table's version that was sent last.
    sent: u64,
    /// The store's version up to which the table sent last is still right.
    current: u64,
}

/// All open sessions, by node.
#[derive(Debug)]
pub(super) struct Sessions {
    open: Mutex<BTreeMap<NodeId, Open>>,
    /// Counts acknowledgements of tables.
    acknowledged: Latest<u64>,
    /// What they are told of endpoints.
    book: Book,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { open: Mutex::default(), acknowledged: Latest::new(0), book: Book::default() }
    }
}

impl Sessions {
    pub(super) fn open(&self, node: NodeId, id: SessionId, now: Duration) {
        self.lock().insert(node, Open { id, seen: now, applied: 0, sent: u64::MAX, current: 0 });
    }

    /// The nodes that have a session.
    pub(super) fn nodes(&self) -> BTreeSet<NodeId> {
        self.lock().keys().copied().collect()
    }

    /// Whether this is the node's present session.
    pub(super) fn is_open(&self, node: NodeId, id: SessionId) -> bool {
        self.lock().get(&node).is_some_and(|open| open.id == id)
    }

    /// Notes a sign of life; false when the session is not the node's present one.
    pub(super) fn touch(&self, node: NodeId, id: SessionId, now: Duration, applied: u64) -> bool {
        let news = {
            let mut sessions = self.lock();
            let Some(open) = sessions.get_mut(&node).filter(|open| open.id == id) else { return false };
            open.seen = now;
            let news = applied > open.applied;
            open.applied = open.applied.max(applied);
            news
        };
        if news {
            self.acknowledged.update(|count| *count += 1);
        }
        true
    }

    /// When the node gave its last sign of life in its session, by the uptime of this leader.
    pub(super) fn last_seen(&self, node: NodeId) -> Option<Duration> {
        self.lock().get(&node).map(|open| open.seen)
    }

    /// Nobody was silent before `now`: this leader itself did not listen.
    pub(super) fn forgive(&self, now: Duration) {
        self.lock().values_mut().for_each(|open| open.seen = now);
    }

    /// The node is gone: its session ends.
    pub(super) fn close(&self, node: NodeId) {
        self.lock().remove(&node);
        self.acknowledged.update(|count| *count += 1);
    }

    /// A table of this version was sent; up to `current` nothing else is right.
    pub(super) fn table_sent(&self, node: NodeId, sent: u64, current: u64) {
        if let Some(open) = self.lock().get_mut(&node) {
            open.sent = sent;
            open.current = current;
        }
    }

    /// Whether every node that has a session, but `except`, has applied what the store held at `version`.
    pub(super) fn all_applied(&self, version: u64, except: Option<NodeId>) -> bool {
        self.lock().iter().filter(|(node, _)| Some(**node) != except).all(|(_, open)| {
            let effective =
                if open.applied >= open.sent { open.current.max(open.applied) } else { open.applied };
            effective >= version
        })
    }

    /// What sessions are told of endpoints.
    pub(super) fn book(&self) -> &Book {
        &self.book
    }

    /// Changes with every acknowledgement.
    pub(super) fn acknowledged(&self) -> &Latest<u64> {
        &self.acknowledged
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
