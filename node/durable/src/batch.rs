//! Several changes to one tree that happen together or not at all.

use crate::error::Error;

/// Values must be shorter than this, in bytes: sled puts longer ones into files of their own, which are not synced
/// with the database (measured, reference/crates-control.md section 3).
pub const MAX_VALUE_BYTES: usize = 256 * 1024;

/// Changes for [`crate::Tree::apply`].
#[derive(Debug, Default)]
pub struct Batch {
    pub(crate) inner: sled::Batch,
    too_large: Option<usize>,
    changes: usize,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores a value under a key. A value that is too large makes the whole batch fail when it is applied.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        self.changes += 1;
        if value.len() >= MAX_VALUE_BYTES {
            self.too_large = Some(value.len());
            return;
        }
        self.inner.insert(key, value);
    }

    /// Removes a key, if it is there.
    pub fn remove(&mut self, key: &[u8]) {
        self.changes += 1;
        self.inner.remove(key);
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes == 0
    }

    pub(crate) fn checked(self) -> Result<sled::Batch, Error> {
        match self.too_large {
            Some(bytes) => Err(Error::TooLarge { bytes, limit: MAX_VALUE_BYTES }),
            None => Ok(self.inner),
        }
    }
}
