use std::collections::{BTreeMap, BTreeSet};

use super::plan::Uses;
use super::{Balance, Chooser, Key, Plan, Turn};
use crate::nft::{Batch, Element, Set};

/// By the names of sets, some of their elements.
type Elements = BTreeMap<&'static str, (&'static Set, Vec<Element>)>;

/// The way from one plan to the next.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    removed: Elements,
    added: Elements,
    before: Uses,
    after: Uses,
    /// Chains that choose in a way which they did not have.
    grown: BTreeSet<Turn>,
    /// Chains that have a way no more.
    shrunk: BTreeSet<Turn>,
}

impl Difference {
    /// From `whole` to the plan in which `part` is the part of these `keys`; without any, it is all of it.
    pub(crate) fn new(whole: &Plan, part: &Plan, keys: Option<&BTreeSet<Key>>) -> Self {
        let changed = part.changed(whole, keys);
        let (mut removed, mut added) = (Elements::new(), Elements::new());
        let turns: BTreeSet<Turn> = changed.iter().map(|key| Turn::of(*key)).collect();
        let touched = whole.uses.iter().filter(|(chooser, _)| turns.contains(&chooser.turn));
        let before: Uses = touched.map(|(chooser, count)| (*chooser, *count)).collect();
        let mut after = before.clone();
        for key in changed {
            let (old, new) = (whole.leads.get(&key), part.leads.get(&key));
            collect(&mut removed, old, new, key);
            collect(&mut added, new, old, key);
            if let Some(new) = new {
                *after.entry(Chooser::of(key, new)).or_default() += 1;
            }
            if let Some(uses) = old.and_then(|old| after.get_mut(&Chooser::of(key, old))) {
                *uses = uses.saturating_sub(1);
            }
        }
        after.retain(|_, count| *count > 0);
        let lacking = |one: &Uses, other: &Uses| {
            one.keys().filter(|chooser| !other.contains_key(chooser)).map(|chooser| chooser.turn).collect()
        };
        let (grown, shrunk) = (lacking(&after, &before), lacking(&before, &after));
        Self { removed, added, before, after, grown, shrunk }
    }

    /// What must be there before the change: a packet that is on its way through the rules goes on through those of before, but finds
    /// the elements of after. In the rules of before it would then find no way to choose.
    pub(crate) fn prepare(&self, batch: &mut Batch) {
        for turn in &self.grown {
            let all = self.before.keys().chain(self.after.keys()).copied();
            make(*turn, all.collect(), batch);
            if !has(&self.before, *turn) {
                batch.add(turn.kind.turns(), &[turn.element(batch.family())]);
            }
        }
    }

    /// The change.
    pub(crate) fn change(&self, batch: &mut Batch) {
        for (set, elements) in self.removed.values() {
            batch.remove(set, elements);
        }
        for (set, elements) in self.added.values() {
            batch.add(set, elements);
        }
        for turn in &self.shrunk {
            if has(&self.after, *turn) {
                make(*turn, self.after.keys().copied().collect(), batch);
            } else {
                batch.remove(turn.kind.turns(), &[turn.element(batch.family())]);
                batch.flush_chain(&turn.name());
                batch.delete_chain(&turn.name());
            }
        }
    }
}

fn has(uses: &Uses, turn: Turn) -> bool {
    uses.keys().any(|chooser| chooser.turn == turn)
}

/// Makes the chain with its choosers, of these.
fn make(turn: Turn, choosers: BTreeSet<Chooser>, batch: &mut Batch) {
    batch.chain(&turn.name(), None);
    batch.flush_chain(&turn.name());
    choosers.into_iter().filter(|chooser| chooser.turn == turn).for_each(|chooser| chooser.rules(batch));
}

/// Collects the elements that the one has and the other has not.
fn collect(into: &mut Elements, one: Option<&Balance>, other: Option<&Balance>, key: Key) {
    let elements = |balance: &Balance| balance.elements(key);
    let others = other.map(elements).unwrap_or_default();
    // Both are in the order of places, so that equal ones stand at the same.
    for (at, (set, element)) in one.map(elements).unwrap_or_default().into_iter().enumerate() {
        if others.get(at).is_none_or(|(_, other)| *other != element) {
            into.entry(set.name).or_insert_with(|| (set, Vec::new())).1.push(element);
        }
    }
}
