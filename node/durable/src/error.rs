//! What can go wrong, told to the person who has to act.

use std::io;
use std::path::PathBuf;

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files are not what was written, or sled gave up on them.
    #[error(
        "the database in {} is damaged: {reason}. Stop the node and move that directory away; the node then starts \
         without what it held (containers keep running; assignments come back from the managers). Or restore a backup",
        directory.display()
    )]
    Damaged {
        /// The database's directory.
        directory: PathBuf,
        /// What sled said.
        reason: String,
    },
    /// Another process has the database open.
    #[error("the database in {} is in use by another process: is another skep daemon running on it?", directory.display())]
    InUse {
        /// The database's directory.
        directory: PathBuf,
    },
    /// The disk refused. After a failed write the database takes no more writes until it is opened again.
    #[error("the database in {} could not be written or read: {source}", directory.display())]
    Io {
        /// The database's directory.
        directory: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// An earlier write or sync failed, so what is on disk is unknown.
    #[error(
        "the database in {} stopped after a failed write ({cause}): free or repair the disk, then restart the node",
        directory.display()
    )]
    Stopped {
        /// The database's directory.
        directory: PathBuf,
        /// The first failure.
        cause: String,
    },
    /// A value is larger than sled keeps in its one file.
    #[error("a value of {bytes} bytes is too large for the database, which takes less than {limit}")]
    TooLarge {
        /// The value's length in bytes.
        bytes: usize,
        /// The first length that is refused, in bytes.
        limit: usize,
    },
    /// Any other refusal of sled's.
    #[error("the database in {} refused: {reason}", directory.display())]
    Refused {
        /// The database's directory.
        directory: PathBuf,
        /// What sled said.
        reason: String,
    },
}
