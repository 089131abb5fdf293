//! One segment file: a header, then records with consecutive indexes.

use crate::cipher::{Cipher, TAG};
use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use crate::frame::{self, Record};
use crate::header::{self, HEADER, Magic};
use crate::keys::Keys;
use crate::sealed::PARTIAL;

/// Names of segments end like this.
const SUFFIX: &str = ".log";

pub(crate) struct Segment {
    pub(crate) name: String,
    /// Index of the first record that stands (or would stand) in it.
    pub(crate) first: u64,
    file: Box<dyn DiskFile>,
    cipher: Cipher,
    /// The number of the key that it is sealed with.
    pub(crate) key: u8,
    /// Where each record starts, in bytes; record `first + n` starts at `offsets[n]`.
    offsets: Vec<u32>,
    /// Length in bytes.
    size: u32,
    /// How much of it is known to be on disk, in bytes.
    synced: u32,
}

/// Where and why reading a segment from its start ended before the end of the file.
pub(crate) struct Broken {
    pub(crate) offset: u32,
    /// Length of the file, in bytes.
    pub(crate) size: u32,
    pub(crate) reason: String,
    /// True when the broken bytes had been synced, which a power cut cannot explain.
    pub(crate) proven: bool,
}

pub(crate) fn name_of(first: u64) -> String {
    format!("{first:020}{SUFFIX}")
}

/// The first index that a file name promises; `None` for names that are not segments.
pub(crate) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

impl Segment {
    /// Creates a segment whose name and header are durable when this returns.
    pub(crate) fn create(disk: &dyn Disk, keys: &Keys, first: u64) -> Result<Self, Error> {
        let name = name_of(first);
        let (mut file, cipher, key) = begin(disk, keys, first, &name)?;
        file.sync().map_err(Error::io("syncing", path(disk, &name)))?;
        disk.sync_dir().map_err(Error::io("syncing", disk.describe()))?;
        Ok(Self {
            name,
            first,
            file,
            cipher,
            key,
            offsets: Vec::new(),
            size: HEADER as u32,
            synced: HEADER as u32,
        })
    }

    /// Reads and verifies a whole segment. `Ok(None)`: the file holds nothing yet, its creation was cut short.
    pub(crate) fn load(
        disk: &dyn Disk,
        keys: &Keys,
        name: &str,
    ) -> Result<Option<(Self, Option<Broken>)>, Error> {
        let at = path(disk, name);
        let file = disk.open(name).map_err(Error::io("opening", &at))?;
        let size = file.size().map_err(Error::io("reading", &at))?;
        let Ok(size) = u32::try_from(size) else {
            let reason = "the segment is larger than any that is written".to_owned();
            return Err(Error::Damaged { file: at, offset: 0, reason });
        };
        let mut bytes = vec![0; size as usize];
        file.read_at(&mut bytes, 0).map_err(Error::io("reading", &at))?;
        let (cipher, key, first) = match header::read(Magic::Segment, keys, &bytes) {
            Ok(found) => found,
            Err(header::Refused::Broken(_)) if bytes.len() <= HEADER => return Ok(None),
            Err(refused) => return Err(refused.into_error(at, keys)),
        };
        if first_of(name) != Some(first) {
            let reason = format!("it starts with record {first}, its name says another");
            return Err(Error::Damaged { file: at, offset: 16, reason });
        }
        let (name, offsets) = (name.to_owned(), Vec::new());
        let mut segment = Self { name, first, file, cipher, key, offsets, size, synced: size };
        let broken = segment.scan(&bytes);
        Ok(Some((segment, broken)))
    }

    fn scan(&mut self, bytes: &[u8]) -> Option<Broken> {
        let mut at = HEADER;
        while at < bytes.len() {
            let index = self.next();
            let reason = match frame::read(&bytes[at..], &self.cipher, self.first, index) {
                Ok(found) if found.durable as usize <= at => {
                    self.offsets.push(at as u32);
                    at += found.length;
                    continue;
                }
                Ok(_) => "a record claims more to be synced than was written",
                Err(reason) => reason,
            };
            let behind = frame::synced_behind(bytes, at, &self.cipher, self.first, index);
            let reason = match behind {
                Some(sound) => format!(
                    "{reason} (record {index} should be here; a later record at byte {sound} is sound)"
                ),
                None => format!("{reason} (record {index} should be here)"),
            };
            let size = self.size;
            self.size = at as u32;
            return Some(Broken { offset: at as u32, size, reason, proven: behind.is_some() });
        }
        None
    }

    /// The index that would come next.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.offsets.len() as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Length in bytes, header included.
    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// Writes records; their indexes must continue the segment. Durable after [`Segment::sync`].
    pub(crate) fn append(&mut self, disk: &dyn Disk, records: &[Record]) -> Result<(), Error> {
        let room = records.iter().map(|record| record.payload.len() + frame::FRAME + TAG).sum();
        let mut out = Vec::with_capacity(room);
        let mut offsets = Vec::with_capacity(records.len());
        for record in records {
            offsets.push(self.size + out.len() as u32);
            frame::write(&mut out, &self.cipher, self.first, self.synced, record)?;
        }
        self.file.append(&out).map_err(Error::io("writing", path(disk, &self.name)))?;
        self.size += out.len() as u32;
        self.offsets.append(&mut offsets);
        Ok(())
    }

    pub(crate) fn sync(&mut self, disk: &dyn Disk) -> Result<(), Error> {
        if self.synced < self.size {
            self.file.sync().map_err(Error::io("syncing", path(disk, &self.name)))?;
            self.synced = self.size;
        }
        Ok(())
    }

    /// Cuts everything from `next` on, durably.
    pub(crate) fn cut(&mut self, disk: &dyn Disk, next: u64) -> Result<(), Error> {
        let keep = usize::try_from(next.saturating_sub(self.first)).unwrap_or(usize::MAX);
        if let Some(&end) = self.offsets.get(keep) {
            self.size = end;
            self.offsets.truncate(keep);
        }
        self.file.truncate(u64::from(self.size)).map_err(Error::io("cutting", path(disk, &self.name)))?;
        self.file.sync().map_err(Error::io("syncing", path(disk, &self.name)))?;
        self.synced = self.size;
        Ok(())
    }

    /// The same records under the current key, in the place of this segment: written aside, synced, renamed. It is not to
    /// be appended to.
    pub(crate) fn resealed(&self, disk: &dyn Disk, keys: &Keys) -> Result<Self, Error> {
        let mut records = Vec::new();
        self.read(disk, self.first, self.next(), &mut records)?;
        let partial = format!("{}{PARTIAL}", self.name);
        let (mut file, cipher, key) = begin(disk, keys, self.first, &partial)?;
        let (mut out, mut offsets) = (Vec::with_capacity(self.size as usize), Vec::new());
        for record in &records {
            let at = (HEADER + out.len()) as u32;
            offsets.push(at);
            // What stands before a record is synced before the file gets its name.
            frame::write(&mut out, &cipher, self.first, at, record)?;
        }
        file.append(&out).map_err(Error::io("writing", path(disk, &partial)))?;
        file.sync().map_err(Error::io("syncing", path(disk, &partial)))?;
        disk.rename(&partial, &self.name).map_err(Error::io("renaming", path(disk, &partial)))?;
        disk.sync_dir().map_err(Error::io("syncing", disk.describe()))?;
        let size = (HEADER + out.len()) as u32;
        let (name, first) = (self.name.clone(), self.first);
        Ok(Self { name, first, file, cipher, key, offsets, size, synced: size })
    }

    /// Reads the records `from..to`, which must be in this segment, into `out`.
    pub(crate) fn read(
        &self,
        disk: &dyn Disk,
        from: u64,
        to: u64,
        out: &mut Vec<Record>,
    ) -> Result<(), Error> {
        let end_of = |index: u64| {
            let place = usize::try_from(index - self.first).unwrap_or(usize::MAX);
            self.offsets.get(place).copied().unwrap_or(self.size)
        };
        let start = end_of(from);
        let mut bytes = vec![0; (end_of(to) - start) as usize];
        let at = path(disk, &self.name);
        self.file.read_at(&mut bytes, u64::from(start)).map_err(Error::io("reading", &at))?;
        let mut place = 0;
        for index in from..to {
            let found = frame::read(&bytes[place..], &self.cipher, self.first, index).map_err(|reason| {
                let offset = u64::from(start) + place as u64;
                Error::Damaged { file: at.clone(), offset, reason: reason.to_owned() }
            })?;
            place += found.length;
            out.push(found.record);
        }
        Ok(())
    }
}

/// A file that holds a segment's header, with the number of its key.
fn begin(
    disk: &dyn Disk,
    keys: &Keys,
    first: u64,
    name: &str,
) -> Result<(Box<dyn DiskFile>, Cipher, u8), Error> {
    keys.begin(|key| {
        let (bytes, cipher) = header::create(Magic::Segment, key, first)?;
        let mut file = disk.create(name).map_err(Error::io("creating", path(disk, name)))?;
        file.append(&bytes).map_err(Error::io("writing", path(disk, name)))?;
        Ok((file, cipher, key.number()))
    })
}

pub(crate) fn path(disk: &dyn Disk, name: &str) -> String {
    format!("{}/{name}", disk.describe())
}
