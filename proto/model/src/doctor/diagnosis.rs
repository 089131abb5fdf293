use std::time::Duration;

use crate::Finding;

/// What was looked at, and everything that was found wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Diagnosis {
    /// How many things were looked at.
    pub checks: u32,
    /// On how many nodes.
    pub nodes: u32,
    /// Between how many pairs of nodes, each direction counted.
    pub pairs: u32,
    /// How long it took.
    pub took: Duration,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
}
