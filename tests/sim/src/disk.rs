//! A manager's disk: in memory, losing what was not synced, with a fault point before and after each step.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use skep_log::{Disk, DiskFile, MemoryDisk};
use skep_runtime::sim::{Gate, Life};

use crate::faults::{AT_DISK, Faults};
use crate::plant::Plant;

/// The file of named values, which holds the vote.
const VALUES: &str = "meta";

/// The disk as one life sees it.
#[derive(Clone, Debug)]
pub(crate) struct FaultyDisk {
    disk: MemoryDisk,
    life: Life,
    /// Open while there is room.
    room: Gate,
    faults: Arc<Faults>,
    plant: Option<Plant>,
    /// The vote was renamed, and the directory is not synced for it (a planted bug).
    late: Arc<AtomicBool>,
}

impl FaultyDisk {
    /// The disk for one life.
    pub(crate) fn new(
        disk: MemoryDisk,
        life: Life,
        room: Gate,
        faults: Arc<Faults>,
        plant: Option<Plant>,
    ) -> Self {
        Self { disk, life, room, faults, plant, late: Arc::default() }
    }

    fn step<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.point()?;
        let result = work()?;
        self.point()?;
        Ok(result)
    }

    fn point(&self) -> io::Result<()> {
        if self.faults.strike(&self.life, AT_DISK) {
            return Err(io::Error::other("the power is gone"));
        }
        Ok(())
    }

    fn file(&self, name: &str, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        let late = self.plant == Some(Plant::AckBeforeSync) && name.contains("log");
        Box::new(FaultyFile { disk: self.clone(), file, late })
    }
}

impl Disk for FaultyDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.step(|| self.disk.create(name)).map(|file| self.file(name, file))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.disk.open(name).map(|file| self.file(name, file))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.step(|| self.disk.remove(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let late = self.plant == Some(Plant::VoteNotSynced) && to.starts_with(VALUES);
        self.late.store(late, Ordering::Relaxed);
        self.step(|| self.disk.rename(from, to))
    }

    fn sync_dir(&self) -> io::Result<()> {
        if self.late.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        self.step(|| self.disk.sync_dir())
    }

    fn describe(&self) -> String {
        self.disk.describe()
    }

    fn trouble(&self) -> Option<String> {
        self.room.is_shut().then(|| "the disk is full".to_owned())
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    file: Box<dyn DiskFile>,
    /// Syncs only what the sync before should have synced (a planted bug).
    late: bool,
}

impl DiskFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.late {
            self.file.sync()?;
        }
        let (disk, file) = (&self.disk, &mut self.file);
        disk.step(|| file.append(bytes))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_at(buffer, offset)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        let (disk, file) = (&self.disk, &mut self.file);
        disk.step(|| file.truncate(size))
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.late {
            return self.disk.point();
        }
        let (disk, file) = (&self.disk, &mut self.file);
        disk.step(|| file.sync())
    }
}
