//! What a member keeps secret on its disk: its private key and the keys of its log, in a file of their own, in the clear or
//! locked with the swarm's unlock key.
//!
//! ```text
//! key_store.rs   the secrets in memory, and every change of how they stand in the file
//!   ├─ stored.rs     what stands in the file
//!   ├─ key_file.rs   the file: replaced in one step, its former content overwritten
//!   └─ secrets.rs    the secrets
//! follow.rs      does what the swarm wants: lock, lock with another key, unlock
//! unlock.rs      a locked member goes on
//! ```
//!
//! What is guaranteed: at any moment, also of a crash, the file opens with its key of before or of after the change. When a
//! clear file is locked, its blocks are overwritten with zeros and synced, and the log gets a new key, with which all of its
//! files are sealed again: who finds the former log key can read no file that is there. What is not guaranteed: file systems
//! that never write in place, and disks that remap blocks, may keep what was overwritten; for them, and for backups and
//! swapped memory, only a locked swarm from the start (`swarm init --autolock`) never had clear keys on the first manager's
//! disk. The node's private key stays the same, since by it a node comes back.

mod follow;
mod key_file;
mod key_store;
mod secrets;
mod stored;
mod unlock;

#[cfg(test)]
mod crash_test;
#[cfg(test)]
mod key_store_test;

pub(crate) use follow::follow;
pub(crate) use key_store::{KeyError, KeyStore};
pub(crate) use secrets::Secrets;
pub(crate) use unlock::{refuse_locked, unlock};
