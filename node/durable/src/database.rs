//! Opening the database.

use std::fs::File;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::commit::Store;
use crate::error::Error;
use crate::guard;
use crate::tree::Tree;

/// sled's threads may hold its lock for a moment after the database was closed in this very process.
const LOCK_TRIES: u32 = 150;
/// The pause between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// Memory for sled's page cache, in bytes. A node's metadata is a few MiB.
const CACHE_BYTES: u64 = 16 << 20;

/// A durable key-value database in one directory. Clones share it; it closes with the last of them and of its trees.
#[derive(Clone)]
pub struct Database {
    store: Arc<Store>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("directory", &self.store.directory).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the database in `directory`, or starts an empty one there (mode 0700).
    ///
    /// # Errors
    /// [`Error::Damaged`] when the files cannot be read, [`Error::InUse`] when another process has it open, and
    /// [`Error::Io`].
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, Error> {
        let directory = directory.as_ref();
        let io = |source| Error::Io { directory: directory.to_path_buf(), source };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io)?;
        let sled = open_sled(directory)?;
        let file = File::open(directory.join("db")).map_err(io)?;
        let store = Store::new(directory.to_path_buf(), sled, file);
        // What a killed process left in the page cache counts as stored from here on.
        store.sync()?;
        sync_directory(directory).map_err(io)?;
        Ok(Self { store: Arc::new(store) })
    }

    /// A tree (a key space of its own) by name; it is made when it is missing.
    ///
    /// # Errors
    /// What sled says of its files.
    pub fn tree(&self, name: &str) -> Result<Tree, Error> {
        let inner = guard::call(&self.store.directory, || self.store.sled.open_tree(name))?;
        Ok(Tree::new(self.store.clone(), inner))
    }
}

fn open_sled(directory: &Path) -> Result<sled::Db, Error> {
    for _ in 0..LOCK_TRIES {
        let config = sled::Config::new().path(directory).flush_every_ms(None).cache_capacity(CACHE_BYTES);
        match guard::call(directory, || config.open()) {
            Err(Error::Io { source, .. }) if is_locked(&source) => std::thread::sleep(LOCK_PAUSE),
            other => return other,
        }
    }
    Err(Error::InUse { directory: directory.to_path_buf() })
}

/// sled reports a held lock as an error of kind `Other` with this text.
fn is_locked(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.to_string().contains("could not acquire lock")
}

/// sled syncs neither its configuration file nor the directory.
fn sync_directory(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(directory)?.sync_all()?;
    match directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
