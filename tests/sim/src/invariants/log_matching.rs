use std::collections::BTreeMap;

use skep_raft::sim::LoggedEntry;

use crate::managers::Running;

/// Entries before the last seen one that are looked at again, since they may have been replaced.
const LOOK_BACK: u64 = 40;

/// What stands in an epoch at an index in a term, and the term of the entry before it.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    by_place: BTreeMap<(u64, u64, u64), (u64, Option<u64>)>,
    last: BTreeMap<(u64, u64), u64>,
}

impl Logs {
    /// Two logs that have an entry of the same index and term are the same up to it: each entry is the same, and so is the one
    /// before, by induction all of them.
    pub(crate) fn check(&mut self, manager: &Running) -> Result<(), String> {
        let life = (manager.raft_id, manager.start);
        let from = self.last.get(&life).map_or(0, |last| last.saturating_sub(LOOK_BACK));
        let entries = manager.core.raft().logged(from);
        let mut before: Option<LoggedEntry> = None;
        for entry in &entries {
            let term_before = before.filter(|held| held.index + 1 == entry.index).map(|held| held.term);
            self.entry(manager, entry, term_before)?;
            before = Some(*entry);
        }
        if let Some(last) = before {
            self.last.insert(life, last.index);
        }
        Ok(())
    }

    fn entry(&mut self, manager: &Running, entry: &LoggedEntry, before: Option<u64>) -> Result<(), String> {
        let place = (manager.epoch, entry.index, entry.term);
        let known = self.by_place.entry(place).or_insert((entry.digest, before));
        let same_before = known.1.is_none() || before.is_none() || known.1 == before;
        if known.0 != entry.digest || !same_before {
            return Err(format!("the log of {} differs at index {} term {}", manager.site, place.1, place.2));
        }
        known.1 = known.1.or(before);
        Ok(())
    }
}
