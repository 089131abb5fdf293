//! The Raft log's file format: a directory of segment files with checksummed, encrypted records, and a small file of
//! named values (vote, purge mark) beside them.
//!
//! [`SegmentedLog`] is synchronous and has one writer. [`SegmentedLog::append`] writes, [`SegmentedLog::sync`] makes
//! what was written durable with one `fdatasync`; whoever owns the log decides how many appends share a sync. What a
//! power cut may leave at the end of the last segment is cut at the next open and reported in [`Recovered`]; damage
//! anywhere else is [`Error::Damaged`], because a log that lost records in its middle must not vote.
//!
//! What can be told from a torn tail, and what cannot: a record that was synced is missed when a record that was written
//! after the sync is still there, when a later segment is, or when the named values were stored after the sync (they hold
//! how far the log was synced by then). A cut of the records after all of these looks like a write that a power cut
//! interrupted, and is taken for one: only the other members can know that they had been acknowledged.
//!
//! All file access goes through [`Disk`], so that the simulator runs the same recovery code.

mod cipher;
mod disk;
mod error;
mod frame;
mod header;
mod in_use;
mod key;
mod keys;
mod log;
mod meta;
mod real_disk;
mod recover;
mod room;
mod sealed;
mod segment;

#[cfg(any(test, feature = "testing"))]
mod memory_damage;
#[cfg(any(test, feature = "testing"))]
mod memory_disk;

#[cfg(test)]
mod damage_test;
#[cfg(test)]
mod log_test;
#[cfg(test)]
mod rekey_test;
#[cfg(test)]
mod sealed_test;
#[cfg(test)]
mod torn_test;

pub use disk::{Disk, DiskFile};
pub use error::{Error, REMEDY};
pub use frame::Record;
pub use in_use::keys_in_use;
pub use key::Key;
pub use keys::Keys;
pub use log::{Options, SegmentedLog};
pub use real_disk::RealDisk;
pub use recover::{Cut, Recovered};
pub use sealed::{SealedReader, SealedWriter};

#[cfg(any(test, feature = "testing"))]
pub use memory_disk::MemoryDisk;
