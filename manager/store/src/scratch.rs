//! Changes tried out on a view before they are written.

use std::collections::BTreeSet;
use std::sync::Arc;

use skep_model::{Change, ObjectKey, Transaction};

use crate::tables::Tables;
use crate::view::View;

/// A view with changes laid over it. Planners that build on each other's decisions work on it in turn, and everything is
/// written as one transaction: what they decided together happens together.
#[derive(Clone, Debug)]
pub struct Scratch {
    base: View,
    tables: Tables,
    touched: BTreeSet<ObjectKey>,
}

impl Scratch {
    /// Nothing changed yet.
    pub fn new(base: View) -> Self {
        let tables = base.tables().clone();
        Self { base, tables, touched: BTreeSet::new() }
    }

    /// The state with the changes so far. Objects keep the versions that they have in the base.
    pub fn view(&self) -> View {
        View::new(Arc::new(self.tables.clone()))
    }

    /// Lays changes over the state.
    pub fn apply(&mut self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            self.touched.insert(change.key());
            match change {
                Change::Create(object) | Change::Update(object) => self.tables.put(object),
                Change::Remove { key, .. } => self.tables.remove(key),
            }
        }
    }

    /// How many objects differ from the base.
    pub fn len(&self) -> usize {
        self.touched.len()
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.touched.is_empty()
    }

    /// The difference to the base, each object once.
    pub fn into_transaction(self) -> Transaction {
        let changes =
            self.touched.iter().filter_map(|&key| match (self.base.get(key), self.tables.get(key)) {
                (None, Some(object)) => Some(Change::Create(object)),
                (Some(before), Some(after)) => {
                    (before != after).then(|| Change::Update(after.with_meta(*before.meta())))
                }
                (Some(before), None) => Some(Change::Remove { key, version: before.meta().version }),
                (None, None) => None,
            });
        Transaction { changes: changes.collect() }
    }
}
