use crate::limits;

/// How many tasks a service has, and whether they are to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum ServiceMode {
    /// A number of like tasks, spread over the nodes.
    Replicated {
        /// How many.
        replicas: u64,
    },
    /// One task on every node that fits.
    Global,
    /// Tasks that are run until so many have ended well.
    ReplicatedJob {
        /// Most that run at a time.
        max_concurrent: u64,
        /// How many are to end well.
        total_completions: u64,
    },
    /// One task on every node that fits, run until it has ended well.
    GlobalJob,
}

impl Default for ServiceMode {
    fn default() -> Self {
        Self::Replicated { replicas: limits::REPLICAS_DEFAULT }
    }
}

impl ServiceMode {
    /// Whether its tasks are to end.
    pub fn is_job(self) -> bool {
        matches!(self, Self::ReplicatedJob { .. } | Self::GlobalJob)
    }

    /// Whether it has a task for each node rather than a number of them.
    pub fn is_global(self) -> bool {
        matches!(self, Self::Global | Self::GlobalJob)
    }

    /// The word that users write.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Replicated { .. } => "replicated",
            Self::Global => "global",
            Self::ReplicatedJob { .. } => "replicated-job",
            Self::GlobalJob => "global-job",
        }
    }

    /// How many tasks it has at a time; none where that depends on the nodes.
    pub fn replicas(self) -> Option<u64> {
        match self {
            Self::Replicated { replicas } => Some(replicas),
            Self::ReplicatedJob { total_completions, .. } => Some(total_completions),
            Self::Global | Self::GlobalJob => None,
        }
    }
}
