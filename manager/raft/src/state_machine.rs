//! What the owner replicates.

use std::io::{self, Read, Write};

/// Writes a captured state. Called once, on a thread where blocking is fine.
pub type SnapshotWriter = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

/// The replicated state. Methods are called by one task, in order, except that a [`SnapshotWriter`] runs beside later
/// applies.
pub trait StateMachine: Send + Sync + 'static {
    /// Applies a committed command and answers the proposer. Must give the same result on every member: no clock, no
    /// randomness, no I/O. Called once per index in one life, with rising indexes; after a restart it starts again from
    /// the last snapshot.
    fn apply(&self, index: u64, term: u64, command: &[u8]) -> Vec<u8>;

    /// Captures the state as it is now. Must be cheap; the writer does the work later.
    fn snapshot(&self) -> SnapshotWriter;

    /// Replaces the state with what a snapshot holds. The reader ends where the writer ended.
    ///
    /// # Errors
    /// What the reader says, or that the content makes no sense. The node stops then.
    fn restore(&self, reader: &mut dyn Read) -> io::Result<()>;
}
