//! One key space of the database.

use std::sync::Arc;

use crate::batch::{Batch, MAX_VALUE_BYTES};
use crate::commit::Store;
use crate::error::Error;
use crate::guard;

/// A key with its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Keys in byte order with their values. Every write that answers `Ok` is durable.
#[derive(Clone)]
pub struct Tree {
    store: Arc<Store>,
    inner: sled::Tree,
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree")
            .field("name", &String::from_utf8_lossy(&self.inner.name()))
            .finish_non_exhaustive()
    }
}

impl Tree {
    pub(crate) fn new(store: Arc<Store>, inner: sled::Tree) -> Self {
        Self { store, inner }
    }

    /// The value of a key. A value that another thread is just storing may be seen before it is durable.
    ///
    /// # Errors
    /// What sled says of its files.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        guard::call(&self.store.directory, || Ok(self.inner.get(key)?.map(|value| value.to_vec())))
    }

    /// Stores a value under a key.
    ///
    /// # Errors
    /// [`Error::TooLarge`] from [`MAX_VALUE_BYTES`] on, before anything is written. After any other error the database
    /// takes no more writes until it is opened again.
    pub fn put(&self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        if value.len() >= MAX_VALUE_BYTES {
            return Err(Error::TooLarge { bytes: value.len(), limit: MAX_VALUE_BYTES });
        }
        self.store.write(|| self.inner.insert(key, value).map(drop))
    }

    /// Removes a key; answers whether it was there.
    ///
    /// # Errors
    /// As for [`Tree::put`].
    pub fn remove(&self, key: &[u8]) -> Result<bool, Error> {
        self.store.write(|| Ok(self.inner.remove(key)?.is_some()))
    }

    /// Makes all changes of a batch, or none of them.
    ///
    /// # Errors
    /// As for [`Tree::put`].
    pub fn apply(&self, batch: Batch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let batch = batch.checked()?;
        self.store.write(|| self.inner.apply_batch(batch))
    }

    /// All pairs, in the order of their keys.
    ///
    /// # Errors
    /// What sled says of its files.
    pub fn iter(&self) -> Result<Vec<Pair>, Error> {
        self.scan_prefix(&[])
    }

    /// All pairs whose key starts with `prefix`, in the order of their keys.
    ///
    /// # Errors
    /// What sled says of its files.
    pub fn scan_prefix(&self, prefix: &[u8]) -> Result<Vec<Pair>, Error> {
        guard::call(&self.store.directory, || {
            let pairs = self.inner.scan_prefix(prefix);
            pairs.map(|pair| pair.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect()
        })
    }
}
