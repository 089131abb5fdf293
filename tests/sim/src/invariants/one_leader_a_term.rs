use std::collections::BTreeMap;

use crate::managers::Running;

/// Who was seen leading, by epoch and term: a recovery counts terms on from what its survivor knows.
#[derive(Debug, Default)]
pub(crate) struct Leaders {
    by_term: BTreeMap<(u64, u64), u64>,
}

impl Leaders {
    /// No term has two leaders.
    pub(crate) fn check(&mut self, manager: &Running) -> Result<(), String> {
        let leadership = manager.core.raft().leadership();
        if !leadership.is_self {
            return Ok(());
        }
        let first = *self.by_term.entry((manager.epoch, leadership.term)).or_insert(manager.raft_id);
        if first != manager.raft_id {
            let term = leadership.term;
            return Err(format!("term {term} has two leaders: members {first} and {}", manager.raft_id));
        }
        Ok(())
    }
}
