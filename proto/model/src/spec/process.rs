/// A limit that the kernel sets to each process (getrlimit(2)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Ulimit {
    /// E.g. `nofile`.
    pub name: String,
    /// What counts; -1 means no bound.
    pub soft: i64,
    /// How far a process may raise it; -1 means no bound.
    pub hard: i64,
}

/// What a container's resolver does for names that the swarm does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct DnsConfig {
    /// Whom to ask, instead of whom the node asks.
    pub nameservers: Vec<String>,
    /// Domains in which short names are looked up.
    pub search: Vec<String>,
    /// resolv.conf(5) options.
    pub options: Vec<String>,
}

/// Where a container's output goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct LogDriver {
    /// `json-file`, `local` or `none`; the node's when empty.
    pub name: String,
    /// Its options, e.g. `max-size`.
    pub options: crate::Labels,
}
