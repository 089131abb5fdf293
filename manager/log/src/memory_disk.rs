//! A disk in memory that loses what was not synced, for tests and the simulator.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, DiskFile};

/// Writes reach the disk in pieces of this many bytes, each on its own.
const SECTOR: usize = 512;

/// A disk whose clones share one content. [`MemoryDisk::crash`] is a power cut: unsynced writes are lost in part, out
/// of order and torn at sector borders; unsynced creations, removals and renames are undone from some point on.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
    /// The life this handle belongs to.
    life: u64,
}

#[derive(Debug, Default)]
struct State {
    names: BTreeMap<String, u64>,
    synced_names: BTreeMap<String, u64>,
    moves: Vec<Move>,
    files: BTreeMap<u64, Content>,
    next: u64,
    /// Counts crashes: disks and files of an earlier life are refused.
    life: u64,
    /// Appends that still succeed; `None`: all.
    budget: Option<u64>,
    syncs: u64,
}

#[derive(Clone, Debug)]
enum Move {
    Create(String, u64),
    Remove(String),
    Rename(String, String),
}

#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl MemoryDisk {
    /// A power cut. What survives of the unsynced is drawn from `seed`. Answers with the disk for the next life; every
    /// older disk and file handle fails from now on, so that a late write of a dead process changes nothing.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let mut random = seed;
        let mut state = self.lock();
        state.life += 1;
        let keep = draw(&mut random, state.moves.len() as u64 + 1) as usize;
        let mut names = std::mem::take(&mut state.synced_names);
        for step in state.moves.drain(..).take(keep) {
            apply(&mut names, step);
        }
        state.names = names.clone();
        state.synced_names = names;
        for content in state.files.values_mut() {
            content.crash(&mut random);
        }
        let alive: Vec<u64> = state.names.values().copied().collect();
        state.files.retain(|id, _| alive.contains(id));
        Self { state: self.state.clone(), life: state.life }
    }

    /// From now on, `left` more appends succeed and then every write fails as if the disk were full.
    pub fn fill_up_after(&self, left: Option<u64>) {
        self.lock().budget = left;
    }

    /// The names of all files.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().names.keys().cloned().collect()
    }

    /// A file's bytes as the process sees them.
    #[must_use]
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.lock();
        Some(state.files.get(state.names.get(name)?)?.bytes.clone())
    }

    /// Replaces a file's bytes, durably, behind everybody's back.
    pub fn overwrite(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.lock();
        if let Some(&id) = state.names.get(name) {
            state.files.insert(id, Content { synced: bytes.clone(), bytes, pending: Vec::new() });
        }
    }

    /// How many file syncs were asked for.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// An independent disk with the same content, as it would be after losing nothing.
    #[must_use]
    pub fn copy(&self) -> Self {
        let state = self.lock();
        let files = state.files.iter().map(|(&id, content)| {
            let bytes = content.bytes.clone();
            (id, Content { synced: bytes.clone(), bytes, pending: Vec::new() })
        });
        let state = State {
            names: state.names.clone(),
            synced_names: state.names.clone(),
            files: files.collect(),
            next: state.next,
            ..State::default()
        };
        Self { state: Arc::new(Mutex::new(state)), life: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.lock();
        if state.life != self.life {
            return Err(io::Error::other("this handle was opened before a crash"));
        }
        Ok(state)
    }
}

impl Content {
    fn crash(&mut self, random: &mut u64) {
        let mut bytes = std::mem::take(&mut self.synced);
        for change in self.pending.drain(..) {
            match change {
                Change::Truncate(size) => bytes.truncate(size),
                Change::Write(at, written) => {
                    let mut start = 0;
                    while start < written.len() {
                        let end = written.len().min(start + SECTOR - (at + start) % SECTOR);
                        if draw(random, 2) == 0 {
                            put(&mut bytes, at + start, &written[start..end]);
                        }
                        start = end;
                    }
                }
            }
        }
        self.bytes = bytes.clone();
        self.synced = bytes;
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.alive()?.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.alive()?;
        let id = state.next;
        state.next += 1;
        state.files.insert(id, Content::default());
        state.names.insert(name.to_owned(), id);
        state.moves.push(Move::Create(name.to_owned(), id));
        Ok(Box::new(MemoryFile { disk: self.clone(), id }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let state = self.alive()?;
        let &id = state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(MemoryFile { disk: self.clone(), id }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.alive()?;
        state.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        state.moves.push(Move::Remove(name.to_owned()));
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.alive()?;
        let id = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), id);
        state.moves.push(Move::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut state = self.alive()?;
        state.moves.clear();
        state.synced_names = state.names.clone();
        Ok(())
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }
}

struct MemoryFile {
    disk: MemoryDisk,
    id: u64,
}

impl MemoryFile {
    fn with<T>(&self, work: impl FnOnce(&mut State, &mut Content) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.disk.alive()?;
        let mut content = state.files.remove(&self.id).ok_or(io::ErrorKind::NotFound)?;
        let result = work(&mut state, &mut content);
        state.files.insert(self.id, content);
        result
    }
}

impl DiskFile for MemoryFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|state, content| {
            if let Some(left) = &mut state.budget {
                *left = left.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
            }
            let at = content.bytes.len();
            content.bytes.extend_from_slice(bytes);
            content.pending.push(Change::Write(at, bytes.to_vec()));
            Ok(())
        })
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.with(|_, content| {
            let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
            let found = content.bytes.get(start..start + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            buffer.copy_from_slice(found);
            Ok(())
        })
    }

    fn size(&self) -> io::Result<u64> {
        self.with(|_, content| Ok(content.bytes.len() as u64))
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.with(|_, content| {
            content.bytes.truncate(size as usize);
            content.pending.push(Change::Truncate(size as usize));
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with(|state, content| {
            state.syncs += 1;
            content.pending.clear();
            content.synced = content.bytes.clone();
            Ok(())
        })
    }
}

fn apply(names: &mut BTreeMap<String, u64>, step: Move) {
    match step {
        Move::Create(name, id) => {
            names.insert(name, id);
        }
        Move::Remove(name) => {
            names.remove(&name);
        }
        Move::Rename(from, to) => {
            if let Some(id) = names.remove(&from) {
                names.insert(to, id);
            }
        }
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    if bytes.len() < at + piece.len() {
        bytes.resize(at + piece.len(), 0);
    }
    bytes[at..at + piece.len()].copy_from_slice(piece);
}

/// A number below `below` (splitmix64, Steele, Lea and Flood 2014).
pub(crate) fn draw(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ (mixed >> 31)) % below.max(1)
}
