//! The keys of one directory, while one takes the place of another.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::key::Key;

/// The key that new files are written with, and older ones that files from before still need. Clones share them. The
/// numbers tell the keys apart, so no two may have the same.
#[derive(Clone)]
pub struct Keys {
    ring: Arc<RwLock<Ring>>,
}

struct Ring {
    current: Key,
    older: Vec<Key>,
}

impl Keys {
    /// New files get `current`; `older` open what was written with them.
    #[must_use]
    pub fn new(current: Key, older: Vec<Key>) -> Self {
        Self { ring: Arc::new(RwLock::new(Ring { current, older })) }
    }

    /// The key of new files.
    #[must_use]
    pub fn current(&self) -> Key {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).current.clone()
    }

    /// New files get this key from now on; the one so far becomes an older one. When this returns, every file that was
    /// begun under another key is in its directory, so that [`crate::keys_in_use`] finds it. Nothing changes when the
    /// current key has the same number.
    pub fn rotate(&self, key: Key) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if ring.current.number() != key.number() {
            ring.older.retain(|old| old.number() != key.number());
            let before = std::mem::replace(&mut ring.current, key);
            ring.older.push(before);
        }
    }

    /// The key with this number.
    pub(crate) fn find(&self, number: u8) -> Option<Key> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let mut keys = std::iter::once(&ring.current).chain(&ring.older);
        keys.find(|key| key.number() == number).cloned()
    }

    /// Begins a file: no rotation comes between the choice of the key and the file's creation.
    pub(crate) fn begin<T>(&self, create: impl FnOnce(&Key) -> T) -> T {
        create(&self.ring.read().unwrap_or_else(PoisonError::into_inner).current)
    }
}

impl From<Key> for Keys {
    fn from(key: Key) -> Self {
        Self::new(key, Vec::new())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        out.debug_struct("Keys").field("current", &ring.current).field("older", &ring.older).finish()
    }
}
