//! Paths inside one directory.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, mkdirat, openat, openat2, statat, unlinkat,
};
use rustix::io::{Errno, Result};

/// A resolution inside a root starts over when something is renamed anywhere meanwhile; so often is it tried again.
const RESOLVE_TRIES: usize = 1000;
const NEW_DIRECTORY: Mode = Mode::from_raw_mode(0o755);

/// A directory that no path leaves.
pub(super) struct Root<'a> {
    directory: BorrowedFd<'a>,
    /// The folder that was asked for last: entries of one folder follow each other.
    last: Option<(OsString, OwnedFd)>,
}

impl<'a> Root<'a> {
    pub(super) fn new(directory: BorrowedFd<'a>) -> Self {
        Self { directory, last: None }
    }

    /// The folder with the path, opened to work in. With `make`, what is missing of it is made.
    pub(super) fn folder(&mut self, parts: &[&OsStr], make: bool) -> Result<BorrowedFd<'_>> {
        let path = parts.join(OsStr::new("/"));
        let known = self.last.take().filter(|(known, _)| *known == path);
        let found = match known {
            Some(known) => known,
            None => match self.resolve(&path) {
                Err(Errno::NOENT) if make => (path, self.make(parts)?),
                found => (path, found?),
            },
        };
        Ok(self.last.insert(found).1.as_fd())
    }

    /// Paths may lead elsewhere from now on.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    fn resolve(&self, path: &OsStr) -> Result<OwnedFd> {
        let path = if path.is_empty() { OsStr::new(".") } else { path };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let inside = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..RESOLVE_TRIES {
            match openat2(self.directory, path, flags, Mode::empty(), inside) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                resolved => return resolved,
            }
        }
        Err(Errno::AGAIN)
    }

    fn make(&self, parts: &[&OsStr]) -> Result<OwnedFd> {
        let mut folder = self.resolve(OsStr::new(""))?;
        for (at, name) in parts.iter().enumerate() {
            let path = parts.get(..=at).unwrap_or_default().join(OsStr::new("/"));
            folder = match self.resolve(&path) {
                Err(Errno::NOENT) => {
                    // A link that leads nowhere is there, and yet is not: that stays an error.
                    mkdirat(&folder, *name, NEW_DIRECTORY)?;
                    self.resolve(&path)?
                }
                found => found?,
            };
        }
        Ok(folder)
    }
}

/// What has the name in a folder, links not followed; none if there is nothing.
pub(super) fn look(folder: impl AsFd, name: &OsStr) -> Result<Option<Stat>> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes what has the name, with all below it.
pub(super) fn remove(folder: impl AsFd, name: &OsStr) -> Result<()> {
    match unlinkat(&folder, name, AtFlags::empty()) {
        Err(Errno::ISDIR) => {}
        removed => return removed,
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = openat(&folder, name, flags, Mode::empty())?;
    for entry in names(&directory)? {
        remove(&directory, &entry)?;
    }
    unlinkat(&folder, name, AtFlags::REMOVEDIR)
}

fn names(directory: &OwnedFd) -> Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name));
        }
    }
    Ok(names)
}

/// The parts of an archive's path. A leading slash means the root, as everywhere in archives.
///
/// # Errors
/// When the path leaves the root.
pub(super) fn parts(path: &[u8]) -> std::result::Result<Vec<&OsStr>, String> {
    let parts = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    parts.map(part).collect()
}

fn part(part: &[u8]) -> std::result::Result<&OsStr, String> {
    match part {
        b".." => Err("the path leaves the layer by '..'".to_owned()),
        part if part.contains(&0) => Err("the path has a zero byte".to_owned()),
        part => Ok(OsStr::from_bytes(part)),
    }
}

pub(super) fn is_directory(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

/// Whether it is overlayfs's mark of a removed name: a character device of number 0.
pub(super) fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}
