//! Calls into sled: its panics and errors become ours.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::error::Error;

/// Runs a call into sled. sled asserts on what it reads from disk, so a panic means that its files are damaged.
pub(crate) fn call<T>(directory: &Path, work: impl FnOnce() -> sled::Result<T>) -> Result<T, Error> {
    let directory = directory.to_path_buf();
    // Whatever a panic left half done is inside sled; the database is not written again after one.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(source))) => Err(Error::Io { directory, source }),
        Ok(Err(sled::Error::Corruption { at, .. })) => {
            Err(Error::Damaged { directory, reason: format!("a page cannot be read ({at:?})") })
        }
        Ok(Err(error)) => Err(Error::Refused { directory, reason: error.to_string() }),
        Err(panic) => Err(Error::Damaged { directory, reason: text(&*panic) }),
    }
}

fn text(panic: &(dyn Any + Send)) -> String {
    let said =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("sled panicked: {}", said.unwrap_or("without a message"))
}
