//! The node's own metadata (containers, images, volumes, assignments, identity) in sled, made durable.
//!
//! sled alone calls data flushed that a power cut takes away (`sync_file_range` without `fdatasync`). Here every write
//! that answers `Ok` has been flushed and synced, concurrent writers share one sync, sled's panics come back as
//! errors, and a directory that cannot be read is [`Error::Damaged`] with advice instead of a crash.
//!
//! What this cannot give: sled takes most damaged pages for the torn end of its log and goes on with less, silently. So
//! nothing is kept here alone that the cluster could not tell the node again.
//!
//! All calls block: call them from blocking threads.

mod batch;
mod commit;
mod database;
mod error;
mod guard;
mod tree;

#[cfg(feature = "testing")]
pub mod testing;

#[cfg(test)]
mod database_test;

pub use batch::{Batch, MAX_VALUE_BYTES};
pub use database::Database;
pub use error::Error;
pub use tree::{Pair, Tree};
