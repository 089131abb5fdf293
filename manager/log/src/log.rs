//! The log itself: an ordered list of segments, one of them open for writing.

use std::ops::Range;
use std::sync::Arc;

use crate::cipher::TAG;
use crate::disk::Disk;
use crate::error::Error;
use crate::frame::{self, Record};
use crate::keys::Keys;
use crate::meta::{self, Values};
use crate::recover::{self, Marks, Recovered};
use crate::segment::{self, Segment};

/// Sizes that an owner may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// A segment is closed once it is at least this long, in bytes. At most 1 GiB.
    pub segment_bytes: u32,
    /// The largest payload that is taken, in bytes. At most 1 GiB.
    pub max_payload_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 8 << 20, max_payload_bytes: 64 << 20 }
    }
}

/// The named value that holds the purge mark.
const PURGED: &str = "log.purged";
/// The named value that says how far the log was synced when the values were last stored: the index after the last synced
/// record. A log that ends before it has lost what was acknowledged.
const SYNCED: &str = "log.synced";

/// Upper bound of both sizes, so that offsets in a segment fit 32 bits.
const MOST: u32 = 1 << 30;

/// A durable list of records with consecutive indexes. See the crate's documentation.
pub struct SegmentedLog {
    disk: Arc<dyn Disk>,
    keys: Keys,
    options: Options,
    /// Oldest first; consecutive.
    segments: Vec<Segment>,
    /// Whether the last segment was created in this life and never cut: only then may it grow.
    open: bool,
    meta: Values,
    purged: Option<u64>,
    /// The index after the last record that is known to be on disk.
    synced: u64,
    /// The first failed write; nothing is written after it.
    failed: Option<String>,
}

impl std::fmt::Debug for SegmentedLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SegmentedLog")
            .field("directory", &self.disk.describe())
            .field("first", &self.first())
            .field("next", &self.next())
            .field("segments", &self.segments.len())
            .finish_non_exhaustive()
    }
}

impl SegmentedLog {
    /// Opens the log in a directory, or starts an empty one. Every record is verified.
    ///
    /// # Errors
    /// [`Error::Damaged`] when bytes that were synced have changed, [`Error::WrongKey`], [`Error::Format`], and what
    /// the disk says. Nothing on disk has been changed by the first three.
    pub fn open(
        disk: impl Disk,
        keys: impl Into<Keys>,
        mut options: Options,
    ) -> Result<(Self, Recovered), Error> {
        let keys = keys.into();
        options.segment_bytes = options.segment_bytes.min(MOST);
        options.max_payload_bytes = options.max_payload_bytes.min(MOST as usize);
        let disk: Arc<dyn Disk> = Arc::new(disk);
        let meta = meta::load(&*disk, &keys)?;
        let marks = Marks { purged: number(&*disk, &meta, PURGED)?, synced: number(&*disk, &meta, SYNCED)? };
        let (segments, found) = recover::recover(&*disk, &keys, marks)?;
        let purged = marks.purged;
        let mut log =
            Self { disk, keys, options, segments, open: false, meta, purged, synced: 0, failed: None };
        log.synced = log.next();
        Ok((log, found))
    }

    /// The index of the first record that is held; equal to [`SegmentedLog::next`] when there is none.
    #[must_use]
    pub fn first(&self) -> u64 {
        let after = self.purged.map_or(0, |purged| purged + 1);
        self.segments.first().map_or(after, |segment| segment.first.max(after))
    }

    /// The index after the last record. In an empty log that was never written, any index may come first.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.segments.last().map_or_else(|| self.first(), Segment::next)
    }

    /// The index up to which (inclusive) records were purged.
    #[must_use]
    pub fn purged(&self) -> Option<u64> {
        self.purged
    }

    /// Writes records, whose indexes must continue the log. Durable after [`SegmentedLog::sync`].
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] and [`Error::TooLarge`] before anything is written. After any other error the log takes
    /// no more writes ([`Error::Stopped`]) until it is opened again, because what reached the disk is unknown.
    pub fn append(&mut self, records: &[Record]) -> Result<(), Error> {
        let Some(head) = records.first() else { return Ok(()) };
        let fresh = self.segments.is_empty() && self.purged.is_none();
        let start = if fresh { head.index } else { self.next() };
        for (expected, record) in (start..).zip(records) {
            if record.index != expected {
                return Err(Error::OutOfOrder { got: record.index, expected });
            }
            if record.payload.len() > self.options.max_payload_bytes {
                let (bytes, max) = (record.payload.len(), self.options.max_payload_bytes);
                return Err(Error::TooLarge { index: record.index, bytes, max });
            }
        }
        self.guarded(|log| log.write(records))
    }

    fn write(&mut self, mut records: &[Record]) -> Result<(), Error> {
        while let Some(head) = records.first() {
            let most = self.options.segment_bytes;
            let key = self.keys.current().number();
            let grows = |segment: &Segment| self.open && segment.size() < most && segment.key == key;
            let room = self.segments.last().is_some_and(grows);
            if !room {
                self.roll(head.index)?;
            }
            let Some(segment) = self.segments.last_mut() else {
                return Err(Error::Stopped {
                    directory: self.disk.describe(),
                    cause: "no segment".to_owned(),
                });
            };
            let mut size = segment.size() as usize;
            let fit = records.iter().take_while(|record| {
                let before = size;
                size += frame::FRAME + record.payload.len() + TAG;
                before < most as usize
            });
            let (now, later) = records.split_at(fit.count().max(1));
            segment.append(&*self.disk, now)?;
            records = later;
        }
        Ok(())
    }

    /// Starts a segment. The one before is synced first: only the last segment may end in a torn tail.
    fn roll(&mut self, first: u64) -> Result<(), Error> {
        if let Some(segment) = self.segments.last_mut() {
            segment.sync(&*self.disk)?;
            self.synced = first;
        }
        self.segments.push(Segment::create(&*self.disk, &self.keys, first)?);
        self.open = true;
        Ok(())
    }

    /// Makes everything appended so far durable: one `fdatasync`, or nothing if nothing was written.
    ///
    /// # Errors
    /// What the disk says. The log then takes no more writes: a failed sync cannot be repeated.
    pub fn sync(&mut self) -> Result<(), Error> {
        self.guarded(|log| {
            log.segments.last_mut().map_or(Ok(()), |segment| segment.sync(&*log.disk))?;
            log.synced = log.next();
            Ok(())
        })
    }

    /// Removes every record after `last` (`None`: every record), durably.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when `last` is already purged; what the disk says.
    pub fn truncate_after(&mut self, last: Option<u64>) -> Result<(), Error> {
        let next = last.map_or(0, |last| last + 1);
        if next >= self.next() {
            return Ok(());
        }
        if self.purged.is_some_and(|purged| next <= purged) {
            return Err(Error::OutOfRange {
                from: next,
                to: self.next(),
                first: self.first(),
                next: self.next(),
            });
        }
        self.guarded(|log| {
            log.open = false;
            log.lower_mark(next)?;
            // Newest first, each removal durable, so that a power cut leaves a prefix.
            while let Some(segment) = log.segments.pop_if(|segment| segment.first >= next) {
                recover::remove(&*log.disk, &[segment.name])?;
            }
            log.segments.last_mut().map_or(Ok(()), |segment| segment.cut(&*log.disk, next))
        })
    }

    /// Forgets every record up to `last` (inclusive), durably. Whole segments are removed; the rest of the oldest one
    /// stays on disk unseen. `last` may lie beyond the end: the log then continues after it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn purge_to(&mut self, last: u64) -> Result<(), Error> {
        if self.purged.is_some_and(|purged| purged >= last) {
            return Ok(());
        }
        self.put_meta(PURGED, &last.to_le_bytes())?;
        self.purged = Some(last);
        self.guarded(|log| {
            let gone = log.segments.iter().take_while(|segment| segment.next() <= last + 1).count();
            let names: Vec<String> = log.segments.drain(..gone).map(|segment| segment.name).collect();
            recover::remove(&*log.disk, &names)
        })
    }

    /// Reads the records of a range of indexes.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when not all of them are held, [`Error::Damaged`] when the disk gives other bytes than
    /// were written.
    pub fn read(&self, range: Range<u64>) -> Result<Vec<Record>, Error> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let (first, next) = (self.first(), self.next());
        if range.start < first || range.end > next {
            return Err(Error::OutOfRange { from: range.start, to: range.end, first, next });
        }
        let mut records = Vec::new();
        let start = self.segments.partition_point(|segment| segment.next() <= range.start);
        for segment in self.segments.iter().skip(start).take_while(|segment| segment.first < range.end) {
            let (from, to) = (range.start.max(segment.first), range.end.min(segment.next()));
            segment.read(&*self.disk, from, to, &mut records)?;
        }
        Ok(records)
    }

    /// Stores a named value, durable when this returns. Meant for a handful of small, rarely changed values.
    ///
    /// # Errors
    /// What the disk says; the log then takes no more writes.
    pub fn put_meta(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        let before = self.meta.insert(name.to_owned(), value.to_vec());
        if before.as_deref() == Some(value) {
            return self.guarded(|_| Ok(()));
        }
        self.guarded(Self::save_meta)
    }

    /// Seals one more file under the current key that is under an older one; false when none is left. A crash at any
    /// moment leaves each file under the one key or the other, whole.
    ///
    /// # Errors
    /// What the disk says; the log then takes no more writes.
    pub fn reseal(&mut self) -> Result<bool, Error> {
        let key = self.keys.current().number();
        let old = self.segments.iter().position(|segment| segment.key != key);
        self.guarded(|log| match old {
            Some(place) => {
                // It ends in a segment that was not created for growing.
                log.open &= place + 1 != log.segments.len();
                let resealed = log.segments[place].resealed(&*log.disk, &log.keys)?;
                log.segments[place] = resealed;
                Ok(())
            }
            None => log.save_meta(),
        })?;
        Ok(old.is_some())
    }

    /// A named value.
    #[must_use]
    pub fn read_meta(&self, name: &str) -> Option<&[u8]> {
        self.meta.get(name).map(Vec::as_slice)
    }

    fn save_meta(&mut self) -> Result<(), Error> {
        self.meta.insert(SYNCED.to_owned(), self.synced.to_le_bytes().to_vec());
        meta::save(&self.disk, &self.keys, &self.meta)
    }

    /// Records from `next` on are about to be cut: the stored mark must not miss them afterwards.
    fn lower_mark(&mut self, next: u64) -> Result<(), Error> {
        self.synced = self.synced.min(next);
        match number(&*self.disk, &self.meta, SYNCED)? {
            Some(marked) if marked > next => self.save_meta(),
            _ => Ok(()),
        }
    }

    fn guarded(&mut self, work: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        if let Some(cause) = &self.failed {
            return Err(Error::Stopped { directory: self.disk.describe(), cause: cause.clone() });
        }
        let result = work(self);
        if let Err(error) = &result {
            self.failed = Some(error.to_string());
        }
        result
    }
}

/// A named value of the log's own.
fn number(disk: &dyn Disk, meta: &Values, name: &str) -> Result<Option<u64>, Error> {
    let Some(bytes) = meta.get(name) else { return Ok(None) };
    match bytes.as_slice().try_into() {
        Ok(bytes) => Ok(Some(u64::from_le_bytes(bytes))),
        Err(_) => {
            let reason = format!("the value \"{name}\" is not a number");
            Err(Error::Damaged { file: segment::path(disk, meta::FILE), offset: 0, reason })
        }
    }
}
