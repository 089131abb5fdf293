//! Which keys a directory's files need.

use std::collections::BTreeSet;
use std::io;

use crate::disk::Disk;
use crate::error::Error;
use crate::header::{self, KEY_NUMBER_END};
use crate::segment::path;

/// The numbers of the keys that the directory's files were sealed with, unfinished files included.
///
/// # Errors
/// What the disk says.
pub fn keys_in_use(disk: &dyn Disk) -> Result<BTreeSet<u8>, Error> {
    let mut found = BTreeSet::new();
    for name in disk.list().map_err(Error::io("listing", disk.describe()))? {
        let file = match disk.open(&name) {
            // It was removed or renamed meanwhile; what is new is under the current key.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened.map_err(Error::io("opening", path(disk, &name)))?,
        };
        let mut bytes = [0; KEY_NUMBER_END];
        match file.read_at(&mut bytes, 0) {
            // Without a header it holds nothing.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
            read => read.map_err(Error::io("reading", path(disk, &name)))?,
        }
        found.extend(header::key_number(&bytes));
    }
    Ok(found)
}
