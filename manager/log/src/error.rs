//! What can go wrong with a log, told to the person who has to act.

use std::io;

/// What to do about a Raft directory that lost or changed what had been stored in it.
pub const REMEDY: &str = "This manager must not take part in its swarm with a part of its log. Keep a copy of the directory. \
    If other managers are alive: \"skep swarm leave --force\" on this node, \"skep node rm --force\" for it on another \
    manager, then join again. If this was the only manager: \"skep swarm leave --force\", then \"skep swarm restore\" with a \
    backup";

/// Why the log could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk refused.
    #[error("{action} {file}: {source}")]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file or directory it was done to.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Bytes that were once synced are no longer what was written. Nothing has been changed on disk.
    #[error("{file} is damaged at byte {offset}: {reason}. {REMEDY}")]
    Damaged {
        /// The damaged file, with its directory.
        file: String,
        /// Where the damage begins, in bytes from the start of the file.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// The file is sound but was sealed with another key.
    #[error(
        "{file} was encrypted with another key (key number {found}, given number {given}): unlock with the key that \
         this node's state was written with"
    )]
    WrongKey {
        /// The file that did not open.
        file: String,
        /// The key number that the file names.
        found: u8,
        /// The number of the key that was given.
        given: u8,
    },
    /// The file was written by a newer version.
    #[error(
        "{file} has format {found}, this version reads up to {supported}: start the version that wrote it, or newer"
    )]
    Format {
        /// The file.
        file: String,
        /// The format number found.
        found: u8,
        /// The newest format number that is understood.
        supported: u8,
    },
    /// A record is larger than the log takes.
    #[error("record {index} has {bytes} bytes, the log takes at most {max}")]
    TooLarge {
        /// The record's index.
        index: u64,
        /// Its payload, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        max: usize,
    },
    /// A record's index does not continue the log.
    #[error("record {got} does not continue the log: {expected} comes next")]
    OutOfOrder {
        /// The index given.
        got: u64,
        /// The index that would continue the log.
        expected: u64,
    },
    /// A read or truncation names records that are not in the log.
    #[error("records {from}..{to} are not in the log, which holds {first}..{next}")]
    OutOfRange {
        /// First index asked for.
        from: u64,
        /// Index after the last asked for.
        to: u64,
        /// First index held.
        first: u64,
        /// Index after the last held.
        next: u64,
    },
    /// An earlier write or sync failed. What reached the disk is unknown; only opening the log again can tell.
    #[error(
        "the log in {directory} stopped after a failed write ({cause}): free or repair the disk, then restart the node"
    )]
    Stopped {
        /// The log's directory.
        directory: String,
        /// The first failure.
        cause: String,
    },
    /// The random number source or the cipher refused.
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
}

impl Error {
    pub(crate) fn io(action: &'static str, file: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let file = file.into();
        move |source| Self::Io { action, file, source }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Io { source, .. } => source.kind(),
            Error::Damaged { .. } | Error::WrongKey { .. } | Error::Format { .. } => {
                io::ErrorKind::InvalidData
            }
            Error::TooLarge { .. } | Error::OutOfOrder { .. } | Error::OutOfRange { .. } => {
                io::ErrorKind::InvalidInput
            }
            Error::Stopped { .. } | Error::Crypto(_) => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}
