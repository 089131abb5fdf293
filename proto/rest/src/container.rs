use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::container_health::{Health, HealthSummary};

/// One line of `GET /containers/json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerSummary {
    /// Its id, 64 digits.
    pub id: String,
    /// Its names, each with a leading slash.
    pub names: Vec<String>,
    /// The image as it was named.
    pub image: String,
    /// The image's id.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// What runs, as one line.
    pub command: String,
    /// Seconds since the epoch.
    pub created: i64,
    /// Ports it has.
    pub ports: Vec<PortSummary>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// `created`, `running`, `paused`, `exited`, `dead`.
    pub state: String,
    /// For people: `Up 5 minutes`.
    pub status: String,
    /// Its networks by name.
    pub network_settings: Value,
    /// What is mounted.
    pub mounts: Vec<Value>,
    /// `{"NetworkMode": ...}`.
    pub host_config: Value,
    /// Whether it works.
    pub health: HealthSummary,
}

/// A port of a container.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PortSummary {
    /// The host's address.
    #[serde(rename = "IP", skip_serializing_if = "String::is_empty")]
    pub ip: String,
    /// In the container.
    pub private_port: u16,
    /// On the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_port: Option<u16>,
    /// `tcp` or `udp`.
    #[serde(rename = "Type")]
    pub kind: String,
}

/// `GET /containers/{id}/json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerInspect {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub created: String,
    /// The program.
    pub path: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// How it is.
    pub state: ContainerState,
    /// The image's id.
    pub image: String,
    /// Its name, with a leading slash.
    pub name: String,
    /// How often it was restarted in place: never.
    pub restart_count: u64,
    /// The storage driver.
    pub driver: String,
    /// `linux`.
    pub platform: String,
    /// Where its log is.
    pub log_path: String,
    /// Docker's `Config`: Hostname, User, Env, Cmd, Image, WorkingDir, Entrypoint, Labels, Tty, StopSignal.
    pub config: Value,
    /// Docker's `HostConfig`: limits and the log driver.
    pub host_config: Value,
    /// Docker's `NetworkSettings`.
    pub network_settings: Value,
    /// What is mounted.
    pub mounts: Vec<Value>,
}

/// How a container is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerState {
    /// `created`, `running`, `paused`, `exited`, `dead`.
    pub status: String,
    /// True while it runs.
    pub running: bool,
    /// True while it is paused.
    pub paused: bool,
    /// Always false.
    pub restarting: bool,
    /// True when the kernel killed it for memory.
    #[serde(rename = "OOMKilled")]
    pub oom_killed: bool,
    /// True when it could not be removed.
    pub dead: bool,
    /// Its first process; 0 when it does not run.
    pub pid: u32,
    /// How it ended.
    pub exit_code: i32,
    /// What went wrong.
    pub error: String,
    /// When it was started.
    pub started_at: String,
    /// When it ended.
    pub finished_at: String,
    /// Whether it works; none without a check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// The answer to `POST /containers/{id}/wait`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ExitResult {
    /// The exit code.
    pub status_code: i32,
}
