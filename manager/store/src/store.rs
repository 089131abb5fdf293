//! The tables, shared.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use skep_model::{Object, Subnet, Timestamp, Transaction};
use skep_runtime::Latest;

use crate::apply;
use crate::refused::Refused;
use crate::tables::Tables;
use crate::view::View;
use crate::watch::{Commit, Hub, Watch};

/// One replica of the cluster's state.
#[derive(Debug)]
pub struct Store {
    tables: ArcSwap<Tables>,
    /// Held while applying; readers never wait for it.
    writer: Mutex<()>,
    hub: Arc<Hub>,
}

impl Default for Store {
    fn default() -> Self {
        Self { tables: ArcSwap::default(), writer: Mutex::default(), hub: Arc::new(Hub::new()) }
    }
}

impl Store {
    /// The state now; costs nothing and never changes under its holder.
    pub fn view(&self) -> View {
        View::new(self.tables.load_full())
    }

    /// The version of the latest commit, to wait on.
    pub fn version(&self) -> &Latest<u64> {
        self.hub.version()
    }

    /// Reads every commit after `version`; those that no watcher waited for are gone ([`crate::Behind`]).
    pub fn watch(&self, version: u64) -> Watch {
        Watch::new(Arc::clone(&self.hub), version)
    }

    /// Applies a replicated transaction. `index` is its place in the log, `at` the time that its proposer saw.
    ///
    /// # Errors
    /// When it does not fit the state; then only the version moves on.
    pub fn apply(&self, index: u64, at: Timestamp, transaction: Transaction) -> Result<(), Refused> {
        let _writing = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tables = Tables::clone(&self.tables.load());
        let result = apply::apply(&mut tables, index, at, transaction);
        tables.version = index;
        self.tables.store(Arc::new(tables));
        let (events, result) = match result {
            Ok(events) => (events, Ok(())),
            Err(refused) => (Vec::new(), Err(refused)),
        };
        self.hub.publish(Commit { version: index, events });
        result
    }

    /// Replaces everything with the objects of a snapshot taken at `version`, and with what rested then ([`View::resting`]).
    pub fn restore(
        &self,
        version: u64,
        objects: impl IntoIterator<Item = Object>,
        resting: impl IntoIterator<Item = (Subnet, Timestamp)>,
    ) {
        let _writing = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tables = Tables { version, ..Tables::default() };
        tables.changed.fill(version);
        for object in objects {
            tables.put(object);
        }
        for (range, at) in resting {
            tables.resting.rest(range, at);
        }
        self.tables.store(Arc::new(tables));
        self.hub.restart(version);
    }
}
