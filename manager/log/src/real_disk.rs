//! The real file system under [`Disk`].

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Disk, DiskFile};
use crate::room::Room;

/// The file that is locked for as long as a [`RealDisk`] lives.
const LOCK_FILE: &str = "lock";

/// A directory on disk, locked against a second owner, readable by its user alone (mode 0700, files 0600). While the disk
/// is full, appending waits.
#[derive(Debug)]
pub struct RealDisk {
    path: PathBuf,
    directory: File,
    room: Arc<Room>,
    /// Held for its lock: the kernel releases it with the descriptor, so also when the process is killed.
    _lock: File,
}

impl RealDisk {
    /// Creates the directory when it is missing (its parent must exist for that to be durable), and locks it.
    ///
    /// # Errors
    /// `WouldBlock` when another process or another `RealDisk` holds the directory; whatever the file system says.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_path_buf();
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        let directory = File::open(&path)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join(LOCK_FILE))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::new(
                io::ErrorKind::WouldBlock,
                format!("{} is in use by another process", path.display()),
            ),
            TryLockError::Error(error) => error,
        })?;
        let room = Arc::new(Room::new(path.display().to_string()));
        Ok(Self { path, directory, room, _lock: lock })
    }
}

impl Disk for RealDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            if let Ok(name) = entry?.file_name().into_string()
                && name != LOCK_FILE
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let path = self.path.join(name);
        // Appending mode: no position to keep, and a cut file continues at its new end.
        File::options().create(true).write(true).truncate(true).mode(0o600).open(&path)?;
        self.open(name)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).append(true).open(self.path.join(name))?;
        Ok(Box::new(RealFile { file, room: Arc::clone(&self.room) }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.directory.sync_all()
    }

    fn describe(&self) -> String {
        self.path.display().to_string()
    }

    fn trouble(&self) -> Option<String> {
        self.room.trouble()
    }
}

struct RealFile {
    file: File,
    room: Arc<Room>,
}

impl DiskFile for RealFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.room.write_all(&mut self.file, bytes)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.file.set_len(size)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}
