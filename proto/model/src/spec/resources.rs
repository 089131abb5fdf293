/// What a task may use and what is kept free for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Resources {
    /// What it may use at most.
    pub limits: Limits,
    /// What its node keeps free for it.
    pub reservations: Reservations,
}

/// Upper bounds; zero means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Limits {
    /// Billionths of a CPU.
    pub nano_cpus: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// What the scheduler counts against a node's size; zero means nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Reservations {
    /// Billionths of a CPU.
    pub nano_cpus: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
}
