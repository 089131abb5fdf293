//! What can go wrong, and what the caller may conclude from it.

use std::io;

use skep_log::REMEDY;

/// Why a node could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The log, the vote or the snapshot cannot be read.
    #[error(transparent)]
    Log(#[from] skep_log::Error),
    /// Something was read but not understood.
    #[error(
        "{what} in the Raft directory is not understood ({cause}). If a newer version wrote it: start that version. If not: \
         {REMEDY}"
    )]
    Content {
        /// What was read.
        what: &'static str,
        /// Why it was not understood.
        cause: String,
    },
    /// Entries were purged that no snapshot covers.
    #[error(
        "the log starts after entry {purged}, but the snapshot reaches only to entry {snapshot}: the snapshot file was \
         lost. {REMEDY}"
    )]
    SnapshotMissing {
        /// The last purged index.
        purged: u64,
        /// The last index of the snapshot, 0 when there is none.
        snapshot: u64,
    },
    /// The directory is empty although this member was opened before.
    #[error(
        "the Raft directory of {expected} is empty: it was removed, or another one is mounted in its place. Put it back, or: \
         {REMEDY}"
    )]
    Emptied {
        /// Who opens it.
        expected: String,
    },
    /// The log ends before what this member is known to have acknowledged.
    #[error(
        "the log ends with entry {held}, but this manager had acknowledged entry {acknowledged}: the end of the log was \
         lost. {REMEDY}"
    )]
    Older {
        /// The last index that is held, 0 when there is none.
        held: u64,
        /// What the member had acknowledged.
        acknowledged: u64,
    },
    /// There is a log or a snapshot, and the file of named values, which is older than both, is gone.
    #[error(
        "{directory} holds a log or a snapshot, but not the file \"meta\" with this manager's vote: the file was lost. {REMEDY}"
    )]
    ValuesMissing {
        /// The Raft directory.
        directory: String,
    },
    /// The directory belongs to another node or cluster.
    #[error(
        "the Raft directory belongs to {found}, not to {expected}: was the wrong directory mounted? Mount or move back this \
         manager's own"
    )]
    OtherOwner {
        /// Whom it belongs to.
        found: String,
        /// Who opens it.
        expected: String,
    },
    /// The options contradict each other.
    #[error("the Raft timings make no sense: {0}")]
    Options(String),
    /// A thread could not be started, or the snapshot could not be read into the state.
    #[error("the Raft node could not be started: {0}")]
    Io(#[source] io::Error),
    /// Raft refused to start.
    #[error("Raft could not be started: {0}")]
    Raft(String),
}

impl OpenError {
    /// Whether what this member had acknowledged is not there any more: it may only join again, as another member.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        use skep_log::Error as Log;
        match self {
            Self::Emptied { .. }
            | Self::Older { .. }
            | Self::ValuesMissing { .. }
            | Self::SnapshotMissing { .. } => true,
            Self::Log(error) => matches!(error, Log::Damaged { .. }),
            _ => false,
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        // What the log's crate says of a damaged snapshot arrives through a reader.
        error.downcast::<skep_log::Error>().map_or_else(Self::Io, Self::Log)
    }
}

/// The log has a new key, but its older ones are still needed. Ask again.
#[derive(Debug, thiserror::Error)]
pub enum RekeyError {
    /// A file could not be sealed again.
    #[error("the log's files could not be sealed again under the new key: {0}")]
    Io(#[from] io::Error),
    /// A snapshot is being written that was begun under an older key.
    #[error("files are being written that need older keys (number {numbers:?}) of the log")]
    InUse {
        /// The keys.
        numbers: Vec<u8>,
    },
}

/// Why a command was not applied, or may not have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// This node does not lead (or lost its majority). The command was not taken.
    #[error("this manager is not the leader ({})", leader.as_ref().map_or("no leader is known".to_owned(), |(id, address)| format!("manager {id} at {address} is")))]
    NotLeader {
        /// Id and address of the leader, if known.
        leader: Option<(u64, String)>,
    },
    /// The deadline passed or leadership was lost on the way: the command may or may not be applied, now or later.
    #[error("the outcome is unknown: no majority confirmed the change in time, it may still happen")]
    Unknown,
    /// The command is larger than the limit. It was not taken.
    #[error("the change has {bytes} bytes, at most {max} are allowed")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The node was shut down.
    #[error("this manager is shutting down")]
    Stopped,
    /// The node stopped because its disk failed, or waits because its disk is full. Whether the command is applied, now
    /// or later, is unknown.
    #[error("this manager cannot write its log: {0}")]
    Storage(String),
}

/// Why a read would not be up to date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// This node does not lead.
    #[error("this manager is not the leader")]
    NotLeader {
        /// Id and address of the leader, if known.
        leader: Option<(u64, String)>,
    },
    /// No majority answered in time.
    #[error(
        "no majority of managers answered: check that more than half of them are up and can reach each other"
    )]
    NoQuorum,
    /// The node was shut down.
    #[error("this manager is shutting down")]
    Stopped,
    /// The node stopped because its disk failed.
    #[error("this manager's Raft storage failed: {0}")]
    Storage(String),
}

/// The node was shut down, or its disk failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Raft has stopped on this manager: {reason}")]
pub struct Stopped {
    /// Why, as far as known.
    pub reason: String,
}
