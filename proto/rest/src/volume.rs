use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Others, Unsupported, refuse_others};

/// One volume of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// `local`.
    pub driver: String,
    /// Where its data is on the node.
    pub mountpoint: String,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// Its labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// `local`.
    pub scope: String,
    /// What stands in its place: `type`, `device`, `o`.
    pub options: Option<BTreeMap<String, String>>,
}

/// `GET /volumes`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Volumes {
    /// In the order of names.
    pub volumes: Option<Vec<Volume>>,
    /// What could not be read: nothing.
    pub warnings: Option<Vec<String>>,
}

/// The body of `POST /volumes/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VolumeCreate {
    /// Its name; given by the node when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `local`, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// What stands in its place: `type`, `device`, `o`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_opts: Option<BTreeMap<String, String>>,
    /// Its labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// The answer to `POST /volumes/prune`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VolumesPruned {
    /// The names of those that were removed.
    pub volumes_deleted: Option<Vec<String>>,
    /// Bytes that are free again.
    pub space_reclaimed: u64,
}

impl VolumeCreate {
    /// Refuses what this version does not have.
    ///
    /// # Errors
    /// With the field's name.
    pub fn refuse_unknown(&self) -> Result<(), Unsupported> {
        if !matches!(self.driver.as_str(), "" | "local") {
            let reason = format!("'{}' is not a volume driver that nodes have: they have local", self.driver);
            return Err(Unsupported::value("Driver", reason));
        }
        refuse_others("VolumeCreate", &self.others)
    }
}
