use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One line of `GET /images/json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ImageSummary {
    /// Its id, `sha256:...`.
    pub id: String,
    /// Always empty.
    pub parent_id: String,
    /// `name:tag`, each.
    pub repo_tags: Vec<String>,
    /// `name@digest`, each.
    pub repo_digests: Vec<String>,
    /// Seconds since the epoch.
    pub created: i64,
    /// Bytes, layers unpacked.
    pub size: u64,
    /// -1: not counted.
    pub shared_size: i64,
    /// -1: not counted.
    pub containers: i64,
    /// Its labels.
    pub labels: Option<BTreeMap<String, String>>,
}

/// `GET /images/{name}/json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ImageInspect {
    /// Its id, `sha256:...`.
    pub id: String,
    /// `name:tag`, each.
    pub repo_tags: Vec<String>,
    /// `name@digest`, each.
    pub repo_digests: Vec<String>,
    /// When it was made.
    pub created: String,
    /// What a container of it does.
    pub config: ImageConfig,
    /// `amd64`, `arm64`.
    pub architecture: String,
    /// `linux`.
    pub os: String,
    /// Bytes, layers unpacked.
    pub size: u64,
    /// `{"Type": "layers", "Layers": [...]}`.
    #[serde(rename = "RootFS")]
    pub root_fs: Value,
}

/// What a container of an image does.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ImageConfig {
    /// `user[:group]`.
    pub user: String,
    /// `NAME=value`.
    pub env: Option<Vec<String>>,
    /// The entrypoint.
    pub entrypoint: Option<Vec<String>>,
    /// The command.
    pub cmd: Option<Vec<String>>,
    /// Where the process starts.
    pub working_dir: String,
    /// Ports that it is made for, `80/tcp`.
    pub exposed_ports: Option<BTreeMap<String, Value>>,
    /// Folders that get a volume each.
    pub volumes: Option<BTreeMap<String, Value>>,
    /// Its labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// The stop signal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
}

/// One line of the answer to `DELETE /images/{name}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DeletedImage {
    /// A name that went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untagged: Option<String>,
    /// An image or layer that went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<String>,
}

/// One line of a stream that tells how a load or import goes on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProgressLine {
    /// Text for people, with its line end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// What is going on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
