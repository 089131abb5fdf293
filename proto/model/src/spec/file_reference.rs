use crate::{ConfigId, SecretId};

/// The file as which a secret or config stands in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct FileTarget {
    /// The path; of a secret, when relative, below `/run/secrets`, of a config below `/`.
    pub path: String,
    /// The owner's number, as users write it.
    pub uid: String,
    /// The group's number, as users write it.
    pub gid: String,
    /// The mode bits.
    pub mode: u32,
}

/// A secret that a container sees.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct SecretReference {
    /// The secret; none until its name was looked up.
    pub id: Option<SecretId>,
    /// Its name.
    pub name: String,
    /// Which version of it; 0 until it was looked up.
    pub version: u64,
    /// Where it stands.
    pub file: FileTarget,
}

/// A config that a container sees.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ConfigReference {
    /// The config; none until its name was looked up.
    pub id: Option<ConfigId>,
    /// Its name.
    pub name: String,
    /// Which version of it; 0 until it was looked up.
    pub version: u64,
    /// Where it stands.
    pub file: FileTarget,
}
