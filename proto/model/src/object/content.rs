use std::fmt;

use crate::Timestamp;

/// Bytes that must not be seen in logs.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Content(pub Vec<u8>);

impl fmt::Debug for Content {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Content({} bytes)", self.0.len())
    }
}

/// What a secret or config held from some moment on. Services name the number, so that a rollback finds the content that was
/// there before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ContentVersion {
    /// Counts the contents, from 1.
    pub number: u64,
    /// Since when.
    pub created_at: Timestamp,
    /// The bytes.
    pub content: Content,
}
