//! Names of a log's files: `path`, `path.1` (the one before), `path.2` and so on.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The `number`th file back; 0 is the one being written.
pub(super) fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

/// The files that exist, oldest first.
pub(super) fn existing(path: &Path) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> =
        (0..).map(|number| numbered(path, number)).take_while(|file| file.exists()).collect();
    list.reverse();
    list
}
