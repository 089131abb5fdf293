//! What members are known to have acknowledged: a disk that holds less was emptied, or put back to an older state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use openraft::type_config::TypeConfigExt;
use tokio::sync::Notify;

use crate::error::OpenError;
use crate::log_store::LogStore;
use crate::metrics;
use crate::node::Inner;
use crate::snapshots::Snapshots;
use crate::types::TypeConfig;

/// How often what is known is written down, if it is more than before: after a restart of all managers at once an older disk is
/// still found out if it is older than this.
const KEEP_PERIOD: Duration = Duration::from_secs(10);

/// For each member an index that it acknowledged and that is committed: no correct member ever holds less again, since
/// committed entries are never cut off. Every message carries what its sender knows, so that a member with an older disk is
/// told before its vote or its acknowledgement counts, and is not voted for. Clones share it.
#[derive(Clone)]
pub(crate) struct Witness {
    own: u64,
    log: LogStore,
    snapshots: Snapshots,
    state: Arc<Mutex<State>>,
    lost: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    known: BTreeMap<u64, u64>,
    /// What followed since this member leads in `term`; not all of it is committed.
    term: u64,
    matched: BTreeMap<u64, u64>,
    committed: u64,
    /// Members that were removed: what late messages say of them is forgotten.
    removed: BTreeSet<u64>,
    /// What this member had acknowledged, once it is known that its disk does not hold it.
    lost: Option<u64>,
}

impl State {
    /// What the leader knows becomes what everybody may know, as far as it is committed.
    fn settle(&mut self) {
        for (id, matched) in &self.matched {
            let index = (*matched).min(self.committed);
            raise(&mut self.known, *id, index);
        }
        self.known.retain(|id, _| !self.removed.contains(id));
    }
}

impl Witness {
    /// Starts with what was known before.
    pub(crate) fn new(own: u64, log: LogStore, snapshots: Snapshots, known: BTreeMap<u64, u64>) -> Self {
        let state = State { known, ..State::default() };
        Self { own, log, snapshots, state: Arc::new(Mutex::new(state)), lost: Arc::default() }
    }

    /// The last index that this member holds, in its log or its snapshot.
    pub(crate) fn held(&self) -> u64 {
        self.log.last().max(self.snapshots.covers()).unwrap_or_default()
    }

    /// What is known of all members, for others to know.
    pub(crate) fn known(&self) -> BTreeMap<u64, u64> {
        let mut state = self.lock();
        state.settle();
        state.known.clone()
    }

    /// This member leads in `term`, and knows that entries up to `committed` are.
    pub(crate) fn leads(&self, term: u64, committed: Option<u64>) {
        let durable = self.log.durable();
        let mut state = self.lock();
        if term < state.term {
            // A message of an earlier leadership that is on its way out.
            return;
        }
        if state.term != term {
            // Of an earlier term: those members may have cut off since what was not committed then.
            state.matched.clear();
            (state.term, state.committed) = (term, 0);
        }
        state.committed = state.committed.max(committed.unwrap_or_default());
        if let Some(durable) = durable {
            raise(&mut state.matched, self.own, durable);
        }
    }

    /// A member acknowledged entries up to `index` in this member's `term` as the leader.
    pub(crate) fn acknowledged(&self, term: u64, id: u64, index: u64) {
        let mut state = self.lock();
        if state.term == term {
            raise(&mut state.matched, id, index);
        }
    }

    /// Takes what another member knows; answers with what the sender, which holds entries up to `held`, is known to have
    /// acknowledged when that is more.
    pub(crate) fn hear(&self, from: u64, held: u64, known: &BTreeMap<u64, u64>) -> Option<u64> {
        let mut state = self.lock();
        for (id, index) in known {
            raise(&mut state.known, *id, *index);
        }
        let (own, others) = (state.known.get(&self.own).copied(), state.known.get(&from).copied());
        drop(state);
        self.check(own.unwrap_or_default());
        others.filter(|acknowledged| *acknowledged > held)
    }

    /// Forgets who is no member any more.
    fn retain(&self, members: &BTreeSet<u64>) {
        let mut state = self.lock();
        state.removed.retain(|id| !members.contains(id));
        let removed: Vec<u64> = state.known.keys().copied().filter(|id| !members.contains(id)).collect();
        state.removed.extend(removed);
    }

    /// Checks what this member knows of itself.
    ///
    /// # Errors
    /// [`OpenError::Older`] when the log ends before what it had acknowledged.
    pub(crate) fn check_own(&self) -> Result<(), OpenError> {
        let acknowledged = self.lock().known.get(&self.own).copied().unwrap_or_default();
        let held = self.held();
        if acknowledged <= held { Ok(()) } else { Err(OpenError::Older { held, acknowledged }) }
    }

    /// Somebody knows that this member acknowledged entries up to `index`.
    pub(crate) fn check(&self, index: u64) {
        let held = self.held();
        if index <= held {
            return;
        }
        let first = self.lock().lost.replace(index).is_none();
        if first {
            tracing::error!(
                acknowledged = index,
                held,
                "this manager's disk is older than what it had acknowledged: it was emptied, or put back to an earlier state; it \
                 does not vote any more"
            );
        }
        self.lost.notify_waiters();
    }

    /// What this member had acknowledged, if its disk does not hold it any more.
    pub(crate) fn lost(&self) -> Option<u64> {
        self.lock().lost
    }

    /// Waits until it is known that this member's disk does not hold what it had acknowledged.
    pub(crate) async fn lose(&self) -> u64 {
        loop {
            // Registered before looking, or a change in between would be missed.
            let mut lost = std::pin::pin!(self.lost.notified());
            lost.as_mut().enable();
            if let Some(index) = self.lost() {
                return index;
            }
            lost.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn raise(map: &mut BTreeMap<u64, u64>, id: u64, index: u64) {
    let known = map.entry(id).or_default();
    *known = index.max(*known);
}

/// Writes what is known down from time to time; ends with the member.
pub(crate) fn keep(node: Weak<Inner>) {
    drop(TypeConfig::spawn(async move {
        let mut kept = BTreeMap::new();
        loop {
            TypeConfig::sleep(KEEP_PERIOD).await;
            let Some(inner) = node.upgrade() else { return };
            inner.witness().retain(&metrics::read(inner.raft()).members.into_keys().collect());
            let known = inner.witness().known();
            if known == kept || known.len() < 2 {
                continue;
            }
            match inner.log().save_witness(&known).await {
                Ok(()) => kept = known,
                Err(error) => tracing::debug!(%error, "what members acknowledged was not written down"),
            }
        }
    }));
}
