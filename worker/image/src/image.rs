//! What is known of one image.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The digest of an image's configuration: `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ImageId(pub(crate) String);

impl fmt::Display for ImageId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl ImageId {
    /// The digits without `sha256:`.
    pub fn digits(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or(&self.0)
    }
}

/// One image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// Its names, canonical.
    pub references: Vec<String>,
    /// When it was made, RFC 3339.
    pub created: String,
    /// Bytes of its layers, unpacked.
    pub size_bytes: u64,
    /// What a container of it runs.
    pub config: Config,
    /// The machine type in Docker's words, e.g. `amd64`.
    pub architecture: String,
    /// The system in Docker's words: `linux`.
    #[serde(default)]
    pub os: String,
    /// Its layers, bottom first, as the names of their directories.
    pub layers: Vec<String>,
    /// Bytes of each layer, unpacked.
    #[serde(default)]
    pub layer_bytes: Vec<u64>,
}

/// What a container of an image runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// `user[:group]`; root when empty.
    pub user: String,
    /// `NAME=value`.
    pub env: Vec<String>,
    /// The program and its fixed arguments.
    pub entrypoint: Vec<String>,
    /// Arguments, or the program when there is no entrypoint.
    pub cmd: Vec<String>,
    /// Where the process starts.
    pub working_dir: String,
    /// Ports that it is made for, `80/tcp`.
    pub exposed_ports: Vec<String>,
    /// Folders whose content is to outlive changes of the rest: each gets a volume.
    #[serde(default)]
    pub volumes: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What asks it to stop.
    pub stop_signal: Option<String>,
    /// How it is found out whether it works.
    #[serde(default)]
    pub healthcheck: Option<Healthcheck>,
}

/// An image's health check as it stands in its configuration (Docker's addition to the OCI form); times in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Healthcheck {
    /// `NONE`, `CMD` with a program and its arguments, or `CMD-SHELL` with a line.
    pub test: Option<Vec<String>>,
    /// Between two checks.
    pub interval: u64,
    /// How long one may take.
    pub timeout: u64,
    /// How long failures do not count after the start.
    pub start_period: u64,
    /// Between two checks within that time.
    pub start_interval: u64,
    /// Failures in a row that make it unhealthy.
    pub retries: u32,
}
