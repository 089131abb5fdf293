//! The cluster's state in memory: tables with indexes, views that cost nothing, one write door, a watch, and what Raft
//! applies.
//!
//! Readers, planners and snapshots hold a [`View`] without a lock; [`Door`] is the only way to change anything, through
//! whatever [`Proposer`] replicates the change; [`Store::apply`] is what every replica does with a replicated change. No
//! clock, randomness or I/O here; no wire format (the manager encodes), no Raft.

mod apply;
mod door;
mod index;
mod proposer;
mod refused;
mod resting;
mod scratch;
mod store;
mod tables;
mod task_index;
mod view;
mod view_contents;
mod view_tasks;
mod watch;

#[cfg(test)]
mod store_test;

#[cfg(feature = "testing")]
pub mod testing;

pub use door::{Door, WriteError};
pub use proposer::{Command, ProposeError, Proposer};
pub use refused::Refused;
pub use scratch::Scratch;
pub use store::Store;
pub use task_index::{TaskCounts, place_mark};
pub use view::{FindError, View};
pub use watch::{Behind, Commit, Event, Watch};
