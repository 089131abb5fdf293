//! The archive on disk, so that its parts can be read in any order.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::tape::{Entry, Kind, Tape};
use crate::{Error, compression};

/// Bounds what is read into memory of manifests and configurations; registries allow 4 MiB.
const METADATA_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Links in an archive that lead to each other.
const LINKS_MAX: usize = 10;
const BUFFER_BYTES: usize = 256 * 1024;

/// An uncompressed copy of the archive, and where its parts are.
pub(crate) struct Spool {
    file: File,
    parts: BTreeMap<String, Part>,
}

enum Part {
    File(Stored),
    Link(String),
}

/// Where the bytes of a part are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    offset: u64,
    pub(crate) size: u64,
}

impl Spool {
    /// Copies the archive to a new file at `path`, uncompressed.
    ///
    /// # Errors
    /// When it cannot be read or kept, or is not a whole tar archive.
    pub(crate) fn new(archive: impl Read, path: &Path) -> Result<Self, Error> {
        let failed = || Error::file(format!("keep the archive at {}", path.display()));
        let broken = |error: io::Error| Error::Archive(error.to_string());
        let mut plain = compression::open(archive).map_err(broken)?;
        let mut file = File::options().read(true).write(true).create_new(true).open(path).map_err(failed())?;
        copy(&mut plain, &mut file)?;
        let size = file.metadata().map_err(failed())?.len();
        let mut spool = Self { file, parts: BTreeMap::new() };
        let whole = Stored { offset: 0, size };
        let mut tape = Tape::new(BufReader::with_capacity(BUFFER_BYTES, spool.reader(whole)));
        let mut parts = BTreeMap::new();
        while let Some(entry) = tape.next().map_err(broken)? {
            let offset = tape.position();
            if let Some((name, part)) = part(&entry, offset) {
                parts.insert(name, part);
            }
        }
        drop(tape);
        spool.parts = parts;
        Ok(spool)
    }

    /// A part by its path.
    pub(crate) fn find(&self, name: &str) -> Option<Stored> {
        let mut name = normal(name);
        for _ in 0..LINKS_MAX {
            match self.parts.get(&name)? {
                Part::File(stored) => return Some(*stored),
                Part::Link(to) => name.clone_from(to),
            }
        }
        None
    }

    /// A part that has to be there.
    pub(crate) fn get(&self, name: &str) -> Result<Stored, Error> {
        self.find(name).ok_or_else(|| Error::Archive(format!("it has no '{name}', which its manifest names")))
    }

    /// Reads a part from its start.
    pub(crate) fn reader(&self, place: Stored) -> impl Read + use<'_> {
        Reader { file: &self.file, at: place.offset, left: place.size }
    }

    /// The bytes of a manifest or configuration.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, Error> {
        let place = self.get(name)?;
        if place.size > METADATA_MAX_BYTES {
            return Err(Error::Archive(format!("'{name}' is longer than 16 MiB")));
        }
        let mut bytes = Vec::new();
        self.reader(place)
            .read_to_end(&mut bytes)
            .map_err(Error::file(format!("read '{name}' of the archive")))?;
        Ok(bytes)
    }
}

/// Reads JSON of an archive.
pub(crate) fn json<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::Archive(format!("'{name}': {error}")))
}

fn part(entry: &Entry, offset: u64) -> Option<(String, Part)> {
    let name = normal(str::from_utf8(&entry.path).ok()?);
    let link = || str::from_utf8(&entry.link).ok();
    let part = match entry.kind {
        Kind::File => Part::File(Stored { offset, size: entry.size }),
        Kind::HardLink => Part::Link(normal(link()?)),
        // Older `docker save` links a layer that two images share.
        Kind::Symlink => {
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            Part::Link(normal(&format!("{folder}/{}", link()?)))
        }
        _ => return None,
    };
    Some((name, part))
}

/// The path without what means nothing. It names an entry of the archive alone, never a file of ours.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Copies, telling a source that fails from a disk that does.
fn copy(from: &mut impl Read, to: &mut impl io::Write) -> Result<(), Error> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to
                .write_all(buffer.get(..count).unwrap_or_default())
                .map_err(Error::file("keep the archive while it is read"))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::Archive(error.to_string())),
        }
    }
}

struct Reader<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.file.read_at(buffer.get_mut(..wanted).unwrap_or_default(), self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_without_what_means_nothing() {
        assert_eq!(normal("./a//b/../c"), "a/c");
        assert_eq!(normal("a/../../b"), "b");
    }
}
