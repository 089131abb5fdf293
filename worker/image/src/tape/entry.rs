//! What a header says.

use std::io;

use tar::{EntryType, Header};

use super::pax::Pax;

/// What an entry makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Symlink,
    HardLink,
    Fifo,
    /// Major and minor number.
    Character(u32, u32),
    Block(u32, u32),
}

/// One entry's description; its content follows in the tape.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: Vec<u8>,
    /// What a link leads to.
    pub(crate) link: Vec<u8>,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    /// Permission bits with set-id and sticky.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Seconds and nanoseconds.
    pub(crate) mtime: (i64, i64),
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Entry {
    /// Joins a header with the extensions that stood before it.
    pub(crate) fn new(header: &Header, pax: Pax) -> io::Result<Self> {
        let path = pax.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let wrong = |text: &str| {
            let text = format!("entry '{}': {text}", String::from_utf8_lossy(&path));
            io::Error::new(io::ErrorKind::InvalidData, text)
        };
        if pax.sparse {
            return Err(wrong("it is sparse, which is not read; make the archive without --sparse"));
        }
        let old = header.as_old();
        let kind = kind(header, &path).ok_or_else(|| wrong("its type is not known"))?;
        let owner = |pax: Option<u64>, field: &[u8], read: io::Result<u64>| {
            let id = pax.map_or_else(|| number(field, read), Ok)?;
            // The largest number means "no change" to the kernel.
            let fitting = u32::try_from(id).ok().filter(|id| *id != u32::MAX);
            fitting.ok_or_else(|| wrong("its owner is not a number of 32 bits"))
        };
        let seconds = number(&old.mtime, header.mtime())?;
        let link = pax.link.or_else(|| header.link_name_bytes().map(|name| name.into_owned()));
        Ok(Self {
            size: if kind == Kind::File { size(header, pax.size)? } else { 0 },
            mode: u32::try_from(number(&old.mode, header.mode().map(u64::from))?).unwrap_or_default()
                & 0o7777,
            uid: owner(pax.uid, &old.uid, header.uid())?,
            gid: owner(pax.gid, &old.gid, header.gid())?,
            mtime: pax.mtime.unwrap_or((i64::try_from(seconds).unwrap_or_default(), 0)),
            link: link.unwrap_or_default(),
            xattrs: pax.xattrs,
            kind,
            path,
        })
    }
}

/// How many bytes follow a header that has content.
pub(crate) fn size(header: &Header, pax: Option<u64>) -> io::Result<u64> {
    pax.map_or_else(|| number(&header.as_old().size, header.entry_size()), Ok)
}

fn kind(header: &Header, path: &[u8]) -> Option<Kind> {
    let device = || {
        let number = |read: io::Result<Option<u32>>| read.ok().flatten().unwrap_or_default();
        (number(header.device_major()), number(header.device_minor()))
    };
    Some(match header.entry_type() {
        // Before there was a type for directories, a slash at the end told them.
        EntryType::Regular if path.ends_with(b"/") => Kind::Directory,
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Symlink,
        EntryType::Link => Kind::HardLink,
        EntryType::Fifo => Kind::Fifo,
        EntryType::Char => Kind::Character(device().0, device().1),
        EntryType::Block => Kind::Block(device().0, device().1),
        _ => return None,
    })
}

/// A number of the header; an empty field, which some programs write, is 0.
fn number(field: &[u8], read: io::Result<u64>) -> io::Result<u64> {
    if field.iter().all(|byte| matches!(byte, 0 | b' ')) { Ok(0) } else { read }
}
