use crate::{Content, ContentVersion, Meta, SecretId, SecretSpec};

/// A secret: bytes that only the containers see which are given them. The API never shows its content.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Secret {
    /// Its id.
    pub id: SecretId,
    /// Version and times.
    pub meta: Meta,
    /// What users say of it.
    pub spec: SecretSpec,
    /// Its contents that something may still use, oldest first; the last one is the present one.
    pub versions: Vec<ContentVersion>,
}

impl Secret {
    /// The number of the present content.
    pub fn latest(&self) -> u64 {
        self.versions.last().map_or(0, |version| version.number)
    }

    /// The content with this number.
    pub fn content(&self, version: u64) -> Option<&Content> {
        self.versions.iter().find(|each| each.number == version).map(|each| &each.content)
    }
}
