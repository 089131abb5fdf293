/// What a task may use and what is kept free for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Reservations {
    /// Billionths of a CPU.
    pub nano_cpus: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// How many of each thing that the operator says nodes have.
    pub generic: Vec<GenericCount>,
}

/// A number of things of a kind that the operator named, e.g. two of `GPU`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct GenericCount {
    /// The kind.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// Things of a kind that the operator named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct GenericResource {
    /// The kind.
    pub kind: String,
    /// Which of them.
    pub value: GenericValue,
}

/// Which things of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum GenericValue {
    /// So many; one is like the other.
    Discrete(u64),
    /// The one with this name.
    Named(String),
}
