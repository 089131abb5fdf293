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
    purged: Option<u64>,
) -> Result<(Vec<Segment>, Recovered), Error> {
    let mut names = disk.list().map_err(Error::io("listing", disk.describe()))?;
    names.sort();
    let mut found = Recovered { purged, ..Recovered::default() };
    let mut removable: Vec<String> = names.iter().filter(|name| name.ends_with(PARTIAL)).cloned().collect();
    names.retain(|name| segment::first_of(name).is_some());
    let mut segments: Vec<Segment> = Vec::new();
    let mut torn = None;
    for (place, name) in names.iter().enumerate() {
        let last = place + 1 == names.len();
        let Some((segment, broken)) = Segment::load(disk, keys, name)? else {
            if !last {
                return Err(damaged(
                    disk,
                    name,
                    0,
                    "the file ends within its header, and a later segment exists",
                ));
            }
            removable.push(name.clone());
            continue;
        };
        follows(disk, segments.last(), &segment)?;
        if let Some(broken) = broken {
            if !last || broken.proven {
                return Err(damaged(disk, name, broken.offset, &broken.reason));
            }
            torn = Some(broken);
        }
        segments.push(segment);
    }
    if let (Some(purged), Some(oldest)) = (purged, segments.first())
        && oldest.first > purged + 1
    {
        let reason = format!("records {}..{} are missing before it", purged + 1, oldest.first);
        return Err(damaged(disk, &oldest.name, 0, &reason));
    }
    if let Some(segment) = segments.last_mut() {
        // Also without a torn tail: what a killed process left in the page cache counts as stored from here on.
        segment.cut(disk, segment.next())?;
        found.cut = torn.map(|broken| told(path(disk, &segment.name), broken));
    }
    disk.sync_dir().map_err(Error::io("syncing", disk.describe()))?;
    let next = purged.map_or(0, |purged| purged + 1);
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
