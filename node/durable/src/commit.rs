//! Group commit: whoever finds no sync running makes one for all that was written before it began.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::guard;

/// The one database behind its handles.
pub(crate) struct Store {
    pub(crate) directory: PathBuf,
    pub(crate) sled: sled::Db,
    /// A second descriptor of sled's file: any descriptor syncs the whole file.
    file: File,
    progress: Mutex<Progress>,
    synced: Condvar,
}

#[derive(Default)]
struct Progress {
    /// Writes made so far.
    written: u64,
    /// Writes known to be on disk.
    durable: u64,
    /// Whether some thread is syncing.
    syncing: bool,
    /// The first failure; nothing is written after it.
    failed: Option<String>,
}

impl Store {
    pub(crate) fn new(directory: PathBuf, sled: sled::Db, file: File) -> Self {
        Self { directory, sled, file, progress: Mutex::default(), synced: Condvar::new() }
    }

    /// Makes one write and returns when it is durable.
    pub(crate) fn write<T>(&self, work: impl FnOnce() -> sled::Result<T>) -> Result<T, Error> {
        let mut progress = self.lock();
        self.check(&progress)?;
        // Under the lock: one writer at a time, and `written` counts in the order of the writes.
        let value = guard::call(&self.directory, work).inspect_err(|error| fail(&mut progress, error))?;
        progress.written += 1;
        let mine = progress.written;
        while progress.durable < mine {
            self.check(&progress)?;
            if progress.syncing {
                progress = self.synced.wait(progress).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            progress.syncing = true;
            let upto = progress.written;
            drop(progress);
            let result = self.sync();
            progress = self.lock();
            progress.syncing = false;
            match &result {
                Ok(()) => progress.durable = upto,
                Err(error) => fail(&mut progress, error),
            }
            self.synced.notify_all();
            result?;
        }
        Ok(value)
    }

    /// sled's flush only starts the write-out; the data sync makes it durable.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        guard::call(&self.directory, || self.sled.flush())?;
        self.file.sync_data().map_err(|source| Error::Io { directory: self.directory.clone(), source })
    }

    fn check(&self, progress: &Progress) -> Result<(), Error> {
        match &progress.failed {
            Some(cause) => Err(Error::Stopped { directory: self.directory.clone(), cause: cause.clone() }),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fail(progress: &mut Progress, error: &Error) {
    progress.failed.get_or_insert_with(|| error.to_string());
}
