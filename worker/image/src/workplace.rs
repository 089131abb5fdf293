//! Where something is made before it is part of the store.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

/// A directory that goes away with all that was not taken out of it. What a crash leaves, the next open removes.
#[derive(Debug)]
pub(crate) struct Workplace {
    path: PathBuf,
}

impl Workplace {
    /// A new empty one below `parent`.
    pub(crate) fn new(parent: &Path) -> Result<Self, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let path = parent.join(NUMBER.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_dir_all(&path).map_err(Error::file(format!("create {}", path.display())))?;
        Ok(Self { path })
    }

    /// A path in it.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A new directory in it.
    pub(crate) fn directory(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.join(name);
        fs::create_dir(&path).map_err(Error::file(format!("create {}", path.display())))?;
        Ok(path)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next open.
        let _ = fs::remove_dir_all(&self.path);
    }
}
