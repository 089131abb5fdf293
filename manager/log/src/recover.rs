//! Opening a log: what stands, what a power cut left, what is damage.

use crate::disk::Disk;
use crate::error::Error;
use crate::keys::Keys;
use crate::sealed::PARTIAL;
use crate::segment::{self, Broken, Segment, path};

/// What was found when a log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// First and last index of the records that are there and not purged.
    pub records: Option<(u64, u64)>,
    /// The index up to which records were purged.
    pub purged: Option<u64>,
    /// How many segment files hold them.
    pub segments: usize,
    /// The tail that was cut: written, but never reported as synced.
    pub cut: Option<Cut>,
    /// Files that were removed: unfinished ones, and segments that were purged as a whole.
    pub removed: Vec<String>,
}

/// What the named values say of the records.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    /// The index up to which records were purged.
    pub(crate) purged: Option<u64>,
    /// The index after the last record that had been synced when the values were stored.
    pub(crate) synced: Option<u64>,
}

/// A tail that was cut from the last segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The file, with its directory.
    pub file: String,
    /// What remains of it, in bytes.
    pub offset: u64,
    /// How many bytes were cut.
    pub bytes: u64,
    /// What was wrong with them.
    pub reason: String,
}

/// Reads all segments in order and repairs what a power cut may leave. Changes nothing before it knows that the log is
/// not damaged.
pub(crate) fn recover(
    disk: &dyn Disk,
    keys: &Keys,
    marks: Marks,
) -> Result<(Vec<Segment>, Recovered), Error> {
    let mut names = disk.list().map_err(Error::io("listing", disk.describe()))?;
    names.sort();
    let mut removable: Vec<String> = names.iter().filter(|name| name.ends_with(PARTIAL)).cloned().collect();
    names.retain(|name| segment::first_of(name).is_some());
    let Loaded { mut segments, unfinished, torn } = load(disk, keys, &names)?;
    removable.extend(unfinished);
    let next = marks.purged.map_or(0, |purged| purged + 1);
    if let Some(oldest) = segments.first().filter(|oldest| marks.purged.is_some() && oldest.first > next) {
        let reason = format!("records {next}..{} are missing before it", oldest.first);
        return Err(damaged(disk, &oldest.name, 0, &reason));
    }
    reaches(disk, &names, segments.last().map_or(0, Segment::next).max(next), marks)?;
    let mut found = Recovered { purged: marks.purged, ..Recovered::default() };
    if let Some(segment) = segments.last_mut() {
        // Also without a torn tail: what a killed process left in the page cache counts as stored from here on.
        segment.cut(disk, segment.next())?;
        found.cut = torn.map(|broken| told(path(disk, &segment.name), broken));
    }
    disk.sync_dir().map_err(Error::io("syncing", disk.describe()))?;
    segments.retain(|segment| {
        let keep = !segment.is_empty() && segment.next() > next;
        if !keep {
            removable.push(segment.name.clone());
        }
        keep
    });
    remove(disk, &removable)?;
    found.removed = removable;
    found.segments = segments.len();
    found.records = segments
        .first()
        .zip(segments.last())
        .map(|(oldest, newest)| (oldest.first.max(next), newest.next() - 1));
    Ok((segments, found))
}

/// All segments as they stand on disk.
#[derive(Default)]
struct Loaded {
    segments: Vec<Segment>,
    /// A last segment whose creation was cut short.
    unfinished: Option<String>,
    /// Where the last segment ends in what is not a record.
    torn: Option<Broken>,
}

fn load(disk: &dyn Disk, keys: &Keys, names: &[String]) -> Result<Loaded, Error> {
    let mut loaded = Loaded::default();
    for (place, name) in names.iter().enumerate() {
        let last = place + 1 == names.len();
        let Some((segment, broken)) = Segment::load(disk, keys, name)? else {
            if !last {
                let reason = "the file ends within its header, and a later segment exists";
                return Err(damaged(disk, name, 0, reason));
            }
            loaded.unfinished = Some(name.clone());
            break;
        };
        follows(disk, loaded.segments.last(), &segment)?;
        if let Some(broken) = broken {
            if !last || broken.proven {
                return Err(damaged(disk, name, broken.offset, &broken.reason));
            }
            loaded.torn = Some(broken);
        }
        loaded.segments.push(segment);
    }
    Ok(loaded)
}

/// The log must not end before what the named values say had been synced. `end` is the index after its last record.
fn reaches(disk: &dyn Disk, names: &[String], end: u64, marks: Marks) -> Result<(), Error> {
    let Some(synced) = marks.synced.filter(|synced| end < *synced) else { return Ok(()) };
    let reason = format!("records {end}..{synced} were on disk once and are not there any more");
    let Some(name) = names.last() else {
        return Err(Error::Damaged { file: disk.describe(), offset: 0, reason });
    };
    let size =
        disk.open(name).and_then(|file| file.size()).map_err(Error::io("reading", path(disk, name)))?;
    Err(Error::Damaged { file: path(disk, name), offset: size, reason })
}

fn told(file: String, broken: Broken) -> Cut {
    let bytes = u64::from(broken.size - broken.offset);
    let cut = Cut { file, offset: u64::from(broken.offset), bytes, reason: broken.reason };
    tracing::warn!(
        file = cut.file,
        offset = cut.offset,
        bytes,
        reason = cut.reason,
        "cut the log's torn tail"
    );
    cut
}

/// A segment must start where the one before it ended.
fn follows(disk: &dyn Disk, before: Option<&Segment>, segment: &Segment) -> Result<(), Error> {
    match before {
        Some(before) if before.next() != segment.first => {
            let reason = format!("records {}..{} are missing at its end", before.next(), segment.first);
            Err(damaged(disk, &before.name, before.size(), &reason))
        }
        _ => Ok(()),
    }
}

/// Removes files, durably.
pub(crate) fn remove(disk: &dyn Disk, names: &[String]) -> Result<(), Error> {
    for name in names {
        disk.remove(name).map_err(Error::io("removing", path(disk, name)))?;
    }
    if !names.is_empty() {
        disk.sync_dir().map_err(Error::io("syncing", disk.describe()))?;
    }
    Ok(())
}

fn damaged(disk: &dyn Disk, name: &str, offset: u32, reason: &str) -> Error {
    Error::Damaged { file: path(disk, name), offset: u64::from(offset), reason: reason.to_owned() }
}
