/// Where a service's tasks may run and how they are spread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Placement {
    /// Expressions that must all hold of a node, as users write them; see [`crate::Constraint`].
    pub constraints: Vec<String>,
    /// What tasks are spread over, the outermost first: `node.labels.K` or `engine.labels.K`.
    pub spread: Vec<String>,
    /// Most active tasks of the service on one node; 0 means no bound.
    pub max_replicas_per_node: u64,
    /// Where the image runs; any node will do when empty.
    pub platforms: Vec<Platform>,
}

/// A kind of machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Platform {
    /// E.g. `x86_64` or `amd64`, which mean the same; any when empty.
    pub architecture: String,
    /// E.g. `linux`; any when empty.
    pub os: String,
}
