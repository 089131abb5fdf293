use std::sync::Arc;

use crate::{Meta, StackId, StackSpec, Timestamp};

/// A stack: services and networks that were deployed together.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Stack {
    /// Its id.
    pub id: StackId,
    /// Version and times.
    pub meta: Meta,
    /// What was deployed last.
    pub spec: Arc<StackSpec>,
    /// Counts deploys, from 1.
    pub revision: u64,
    /// What was deployed before, newest first.
    pub previous: Vec<StackRevision>,
}

/// An earlier deploy of a stack.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct StackRevision {
    /// Which deploy, from 1.
    pub revision: u64,
    /// When it was deployed.
    pub deployed_at: Timestamp,
    /// What was deployed.
    pub spec: Arc<StackSpec>,
}
