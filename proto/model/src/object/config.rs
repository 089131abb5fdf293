use crate::{ConfigId, Content, ContentVersion, Meta, SecretSpec};

/// A config: a file that containers are given; anyone who may read the swarm may read it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Config {
    /// Its id.
    pub id: ConfigId,
    /// Version and times.
    pub meta: Meta,
    /// What users say of it.
    pub spec: SecretSpec,
    /// Its contents that something may still use, oldest first; the last one is the present one.
    pub versions: Vec<ContentVersion>,
}

impl Config {
    /// The number of the present content.
    pub fn latest(&self) -> u64 {
        self.versions.last().map_or(0, |version| version.number)
    }

    /// The content with this number.
    pub fn content(&self, version: u64) -> Option<&Content> {
        self.versions.iter().find(|each| each.number == version).map(|each| &each.content)
    }
}
