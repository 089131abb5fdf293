//! Secrets and configs on their way to the nodes whose tasks need them.

use crate::{ConfigId, Content, SecretId};

/// Names one version of a secret or config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum ContentKey {
    /// Of a secret.
    Secret(SecretId, u64),
    /// Of a config.
    Config(ConfigId, u64),
}

/// A content as a node gets it. It stays in memory there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct AssignedContent {
    /// Which one.
    pub key: ContentKey,
    /// True when it is a template that is filled in for each task.
    pub templated: bool,
    /// The bytes.
    pub content: Content,
}
