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

/// A secret or config that a container sees.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ContentReference<I> {
    /// Which one; none until its name was looked up.
    pub id: Option<I>,
    /// Its name.
    pub name: String,
    /// Which version of it; 0 until it was looked up, then the present one.
    pub version: u64,
    /// Where it stands.
    pub file: FileTarget,
}

/// A secret that a container sees.
pub type SecretReference = ContentReference<SecretId>;
/// A config that a container sees.
pub type ConfigReference = ContentReference<ConfigId>;

impl SecretReference {
    /// The absolute path in the container.
    pub fn path(&self) -> String {
        below("/run/secrets/", &self.file.path)
    }
}

impl ConfigReference {
    /// The absolute path in the container.
    pub fn path(&self) -> String {
        below("/", &self.file.path)
    }
}

fn below(folder: &str, path: &str) -> String {
    if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("{folder}{path}") }
}
