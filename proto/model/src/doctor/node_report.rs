use crate::{Finding, ManagerReport, PathReport, Timestamp};

/// What a node found out about itself and the ways to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct NodeReport {
    /// What its clock showed when it sent this.
    pub clock: Timestamp,
    /// The ways to all others.
    pub paths: Vec<PathReport>,
    /// Whether managers answer it.
    pub managers: Vec<ManagerReport>,
    /// What it found wrong with itself; without places, which are all this node.
    pub findings: Vec<Finding>,
}
