use crate::{ConfigId, Content, Meta, SecretId, SecretSpec, Timestamp};

/// A secret or config: bytes that containers are given as a file.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Held<I> {
    /// Its id.
    pub id: I,
    /// Version and times.
    pub meta: Meta,
    /// What users say of it.
    pub spec: SecretSpec,
    /// Its contents that something may still use, oldest first; the last one is the present one.
    pub versions: Vec<ContentVersion>,
}

/// Bytes that only the containers see which are given them: the API never shows them.
pub type Secret = Held<SecretId>;
/// A file that containers are given; anyone who may read the swarm may read it.
pub type Config = Held<ConfigId>;

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

impl<I> Held<I> {
    /// The number of the present content; 0 of none.
    pub fn latest(&self) -> u64 {
        self.versions.last().map_or(0, |version| version.number)
    }

    /// The content with this number.
    pub fn content(&self, version: u64) -> Option<&Content> {
        self.versions.iter().find(|each| each.number == version).map(|each| &each.content)
    }
}
