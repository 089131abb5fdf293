//! Where descriptors live while the daemon is away.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

/// Holds descriptors beyond the daemon's life, so that a listening socket stays open while the daemon restarts.
///
/// The keeper implements it; names are ours and start with `dns-`. The calls may block for a moment.
pub trait DescriptorStore: Send + Sync + Debug {
    /// Keeps `descriptors` under `name`, in place of what was there.
    fn hold(&self, name: &str, descriptors: Vec<OwnedFd>);
    /// Gives back what was kept under `name`, in the same order, and forgets it.
    fn take(&self, name: &str) -> Option<Vec<OwnedFd>>;
    /// Closes what was kept under `name`; nothing happens when there is nothing.
    fn drop_held(&self, name: &str);
}

/// A store within this process: descriptors outlive a [`crate::Network`], not the daemon.
#[derive(Debug, Default)]
pub struct MemoryStore {
    held: Mutex<BTreeMap<String, Vec<OwnedFd>>>,
}

impl MemoryStore {
    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<OwnedFd>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names under which something is kept, sorted.
    pub fn names(&self) -> Vec<String> {
        self.held().keys().cloned().collect()
    }
}

impl DescriptorStore for MemoryStore {
    fn hold(&self, name: &str, descriptors: Vec<OwnedFd>) {
        self.held().insert(name.to_owned(), descriptors);
    }

    fn take(&self, name: &str) -> Option<Vec<OwnedFd>> {
        self.held().remove(name)
    }

    fn drop_held(&self, name: &str) {
        self.held().remove(name);
    }
}
