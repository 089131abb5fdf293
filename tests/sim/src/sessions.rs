use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use skep_model::SessionId;

use crate::site::Site;

/// The sessions that managers opened last, by manager and agent.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    count: AtomicU64,
    newest: Mutex<BTreeMap<(Site, usize), (u64, SessionId)>>,
}

impl Sessions {
    /// Numbers sessions in the order of their opening.
    pub(crate) fn number(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    /// The session of this number has this id.
    pub(crate) fn opened(&self, manager: Site, agent: usize, number: u64, id: SessionId) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let held = newest.entry((manager, agent)).or_insert((number, id));
        if held.0 < number {
            *held = (number, id);
        }
    }

    /// The agent's present session with a manager.
    pub(crate) fn present(&self, manager: Site, agent: usize) -> Option<SessionId> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.get(&(manager, agent)).map(|found| found.1)
    }
}
