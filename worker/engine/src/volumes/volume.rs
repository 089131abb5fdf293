use serde::{Deserialize, Serialize};
use skep_model::Labels;

/// Says that nobody named the volume (Docker's label).
const ANONYMOUS: &str = "com.docker.volume.anonymous";

/// One volume of the node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// What stands in its place: `type`, `device` and `o` of a mount; empty for a plain folder.
    pub options: Labels,
    /// When it was made, nanoseconds since the epoch.
    pub created_ns: u64,
}

impl Volume {
    /// The same as one that nobody named.
    #[must_use]
    pub(crate) fn unnamed(mut self) -> Self {
        self.labels.insert(ANONYMOUS.into(), String::new());
        self
    }

    /// Whether nobody named it.
    pub fn is_anonymous(&self) -> bool {
        self.labels.contains_key(ANONYMOUS)
    }
}
