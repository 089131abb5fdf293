use std::time::Duration;

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The hash over all lines of the log: the run's identity.
    pub hash: u64,
    /// How many lines the log has.
    pub events: u64,
    /// How long the run took, in simulated time.
    pub simulated: Duration,
    /// Writes of clients that were acknowledged.
    pub acknowledged: u64,
    /// Histories of shared objects that were checked for linearizability, and the operations in them.
    pub histories: (u64, u64),
    /// The invariant that does not hold, if there is one.
    pub violation: Option<String>,
    /// The log, or its end.
    pub lines: Vec<String>,
}
