use clap::ValueEnum;

/// A bug that is put in on purpose, to see whether it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Plant {
    /// The disk says that the log is synced before it is.
    AckBeforeSync,
    /// The disk says that the vote is synced before it is.
    VoteNotSynced,
    /// Reads of shared objects do not wait for what was acknowledged.
    StaleRead,
    /// A manager that holds itself for the leader answers reads without asking a majority.
    LeaderRead,
    /// A manager takes statuses from a session that is not the node's present one.
    OldSession,
}
