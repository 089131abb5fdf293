//! The snapshot file: what it covers, then the owner's state, sealed as a whole.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use skep_log::{Disk, Keys, SealedReader, SealedWriter};

use crate::state_machine::SnapshotWriter;
use crate::types::SnapshotMeta;

/// The current snapshot.
const CURRENT: &str = "snapshot";
/// One that is being received.
const RECEIVED: &str = "received";
/// The current one under another key.
const RESEALED: &str = "resealed";
/// More than any list of members takes, in bytes.
const MAX_META: u32 = 1 << 20;

/// A snapshot that can be read: its whole plain content, from its start.
#[derive(Debug)]
pub(crate) struct SnapshotData {
    pub(crate) reader: SealedReader,
}

/// The snapshot files of one node. Clones share them.
#[derive(Clone)]
pub(crate) struct Snapshots {
    disk: Arc<dyn Disk>,
    keys: Keys,
    /// What the current snapshot covers; locked while it is replaced.
    current: Arc<Mutex<Option<SnapshotMeta>>>,
}

impl Snapshots {
    pub(crate) fn new(disk: Arc<dyn Disk>, keys: Keys) -> Self {
        Self { disk, keys, current: Arc::default() }
    }

    /// The last index that the current snapshot covers.
    pub(crate) fn covers(&self) -> Option<u64> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref()?.last_log_id.map(|last| last.index())
    }

    /// The current snapshot, at its start.
    pub(crate) fn current(&self) -> io::Result<Option<(SnapshotMeta, SnapshotData)>> {
        let Some(mut reader) = SealedReader::open(&*self.disk, &self.keys, CURRENT)? else { return Ok(None) };
        let meta = read_meta(&mut reader)?;
        Ok(Some((meta, self.open(CURRENT)?)))
    }

    /// Reads the current snapshot into the state.
    pub(crate) fn load(
        &self,
        restore: impl FnOnce(&mut dyn Read) -> io::Result<()>,
    ) -> io::Result<Option<SnapshotMeta>> {
        let Some(mut reader) = SealedReader::open(&*self.disk, &self.keys, CURRENT)? else { return Ok(None) };
        let meta = read_meta(&mut reader)?;
        restore(&mut reader)?;
        // The end of the file is proven as well, also when the owner reads less than all of it.
        io::copy(&mut reader, &mut io::sink())?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(meta.clone());
        Ok(Some(meta))
    }

    /// Writes a snapshot of the state and makes it the current one. When a newer one was installed meanwhile, that one stays and
    /// is the answer: Raft takes an error here for the end of the disk, and stops.
    pub(crate) fn build(
        &self,
        meta: &SnapshotMeta,
        state: SnapshotWriter,
    ) -> io::Result<(SnapshotMeta, SnapshotData)> {
        let mut writer = SealedWriter::create(self.disk.clone(), &self.keys, CURRENT)?;
        let bytes = postcard::to_allocvec(meta).map_err(io::Error::other)?;
        writer.write_all(&(bytes.len() as u32).to_le_bytes())?;
        writer.write_all(&bytes)?;
        state(&mut writer)?;
        match self.replace(meta, writer)? {
            Some(data) => Ok((meta.clone(), data)),
            None => self.current()?.ok_or_else(|| io::Error::other("the newer snapshot vanished")),
        }
    }

    /// Makes a snapshot from elsewhere the current one.
    pub(crate) fn adopt(&self, meta: &SnapshotMeta, mut data: SnapshotData) -> io::Result<()> {
        let mut writer = SealedWriter::create(self.disk.clone(), &self.keys, CURRENT)?;
        io::copy(&mut data.reader, &mut writer)?;
        if self.replace(meta, writer)?.is_none() {
            return Err(io::Error::other("a newer snapshot has been installed meanwhile"));
        }
        self.remove(RECEIVED)
    }

    /// Removes what a process that was killed left half done.
    pub(crate) fn tidy(&self) -> io::Result<()> {
        [RECEIVED, RESEALED].into_iter().try_for_each(|name| self.remove(name))
    }

    /// Writes the current snapshot again, under the current key. A crash leaves the one file or the other, whole.
    pub(crate) fn reseal(&self) -> io::Result<()> {
        let Some(mut reader) = SealedReader::open(&*self.disk, &self.keys, CURRENT)? else { return Ok(()) };
        let covered = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut writer = SealedWriter::create(self.disk.clone(), &self.keys, RESEALED)?;
        io::copy(&mut reader, &mut writer)?;
        writer.finish()?;
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != covered {
            // Another one took its place meanwhile, under whatever key; whoever asks looks which keys are in use.
            return self.remove(RESEALED);
        }
        self.disk.rename(RESEALED, CURRENT)?;
        self.disk.sync_dir()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match self.disk.remove(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Nothing, when the current one is newer.
    fn replace(&self, meta: &SnapshotMeta, writer: SealedWriter) -> io::Result<Option<SnapshotData>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| current.last_log_id > meta.last_log_id) {
            return Ok(None);
        }
        writer.finish()?;
        *current = Some(meta.clone());
        self.open(CURRENT).map(Some)
    }

    /// Starts a file for a snapshot that is being received.
    pub(crate) fn receive(&self) -> io::Result<SealedWriter> {
        Ok(SealedWriter::create(self.disk.clone(), &self.keys, RECEIVED)?)
    }

    /// Ends the file; answers with the snapshot that it holds.
    pub(crate) fn received(&self, writer: SealedWriter) -> io::Result<SnapshotData> {
        writer.finish()?;
        self.open(RECEIVED)
    }

    fn open(&self, name: &str) -> io::Result<SnapshotData> {
        let reader = SealedReader::open(&*self.disk, &self.keys, name)?;
        let reader = reader.ok_or_else(|| io::Error::other("a snapshot vanished while it was opened"))?;
        Ok(SnapshotData { reader })
    }
}

/// Whether there is a snapshot.
pub(crate) fn exists(disk: &dyn Disk) -> io::Result<bool> {
    Ok(disk.list()?.iter().any(|name| name == CURRENT))
}

/// Reads what a snapshot covers, which stands before the state.
pub(crate) fn read_meta(reader: &mut dyn Read) -> io::Result<SnapshotMeta> {
    let mut length = [0; 4];
    reader.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MAX_META {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the snapshot's description is too long"));
    }
    let mut bytes = vec![0; length as usize];
    reader.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use openraft::vote::RaftLeaderId;
    use skep_log::MemoryDisk;

    use super::*;
    use crate::types::LogId;

    fn covers(index: u64) -> SnapshotMeta {
        let leader = openraft::impls::leader_id_std::LeaderId { term: 1, voted_for: 1 };
        SnapshotMeta {
            last_log_id: Some(LogId::new(leader.to_committed(), index)),
            ..SnapshotMeta::default()
        }
    }

    #[test]
    fn one_that_took_longer_than_a_newer_one_gives_way() {
        let snapshots =
            Snapshots::new(Arc::new(MemoryDisk::default()), skep_log::Key::new(1, [1; 32]).into());
        let state = |text: &'static [u8]| -> SnapshotWriter { Box::new(move |out| out.write_all(text)) };
        assert_eq!(snapshots.build(&covers(10), state(b"new")).unwrap().0, covers(10));
        assert_eq!(snapshots.build(&covers(5), state(b"old")).unwrap().0, covers(10));
        let mut held = Vec::new();
        let loaded = snapshots.load(|reader| reader.read_to_end(&mut held).map(drop)).unwrap();
        assert_eq!((loaded, held.as_slice()), (Some(covers(10)), b"new".as_slice()));
    }
}
