use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `GET /version`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EngineVersion {
    /// The engine's version.
    pub version: String,
    /// The newest API version.
    pub api_version: String,
    /// The oldest API version.
    #[serde(rename = "MinAPIVersion")]
    pub min_api_version: String,
    /// The commit that it was built from.
    pub git_commit: String,
    /// The language that it is written in; Docker's clients show it as the Go version.
    pub go_version: String,
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`.
    pub arch: String,
    /// The kernel's release.
    pub kernel_version: String,
    /// When it was built.
    pub build_time: String,
    /// The product.
    pub platform: VersionPlatform,
    /// What it is made of; Docker's clients print these instead of the fields above.
    pub components: Vec<VersionComponent>,
}

/// The product that a version is of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VersionPlatform {
    /// Its name.
    pub name: String,
}

/// One part of a product.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VersionComponent {
    /// Its name; `Engine` is the one that Docker's clients show first.
    pub name: String,
    /// Its version.
    pub version: String,
    /// More, by Docker's names.
    pub details: BTreeMap<String, String>,
}

impl VersionComponent {
    /// The engine itself.
    pub fn engine(version: &EngineVersion) -> Self {
        let details = [
            ("ApiVersion", &version.api_version),
            ("Arch", &version.arch),
            ("BuildTime", &version.build_time),
            ("GitCommit", &version.git_commit),
            ("GoVersion", &version.go_version),
            ("KernelVersion", &version.kernel_version),
            ("MinAPIVersion", &version.min_api_version),
            ("Os", &version.os),
        ];
        let details = details.map(|(key, value)| (key.to_owned(), value.clone()));
        let mut details = BTreeMap::from(details);
        details.insert("Experimental".into(), "false".into());
        Self { name: "Engine".into(), version: version.version.clone(), details }
    }
}

/// `GET /info`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Info {
    /// The engine's id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Containers there are.
    pub containers: u64,
    /// Of these, running.
    pub containers_running: u64,
    /// Of these, paused.
    pub containers_paused: u64,
    /// Of these, stopped.
    pub containers_stopped: u64,
    /// Images there are.
    pub images: u64,
    /// The storage driver.
    pub driver: String,
    /// The cgroup driver.
    pub cgroup_driver: String,
    /// `1` or `2`.
    pub cgroup_version: String,
    /// The default log driver.
    pub logging_driver: String,
    /// The host's name.
    pub name: String,
    /// The engine's version.
    pub server_version: String,
    /// The host's operating system.
    pub operating_system: String,
    /// `linux`.
    #[serde(rename = "OSType")]
    pub os_type: String,
    /// The machine type.
    pub architecture: String,
    /// The kernel's release.
    pub kernel_version: String,
    /// CPUs.
    #[serde(rename = "NCPU")]
    pub ncpu: u64,
    /// Bytes of memory.
    pub mem_total: u64,
    /// The data directory.
    pub docker_root_dir: String,
    /// The daemon's labels, `key=value`.
    pub labels: Vec<String>,
    /// The daemon's time.
    pub system_time: String,
    /// True when debug messages are on.
    pub debug: bool,
    /// This node's place in a swarm.
    pub swarm: SwarmInfo,
    /// What the operator should know.
    pub warnings: Vec<String>,
    /// The drivers there are.
    pub plugins: DriverNames,
    /// The container runtimes by name, each with where it is.
    pub runtimes: BTreeMap<String, RuntimePath>,
    /// The runtime that is used.
    pub default_runtime: String,
    /// What confines containers, `name=...`.
    pub security_options: Vec<String>,
    /// Whether containers' memory can be limited.
    pub memory_limit: bool,
    /// Whether swap can be limited.
    pub swap_limit: bool,
    /// Whether a CPU quota can be set.
    pub cpu_cfs_quota: bool,
    /// Whether a CPU quota's period can be set.
    pub cpu_cfs_period: bool,
    /// Whether shares of CPUs can be set.
    #[serde(rename = "CPUShares")]
    pub cpu_shares: bool,
    /// Whether containers can be bound to CPUs.
    #[serde(rename = "CPUSet")]
    pub cpu_set: bool,
    /// Whether processes can be limited.
    pub pids_limit: bool,
    /// Whether the kernel forwards packets, as networks need it.
    #[serde(rename = "IPv4Forwarding")]
    pub ipv4_forwarding: bool,
}

/// Drivers by what they drive.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DriverNames {
    /// Of volumes.
    pub volume: Vec<String>,
    /// Of networks.
    pub network: Vec<String>,
    /// Of authorization.
    pub authorization: Option<Vec<String>>,
    /// Of logs.
    pub log: Vec<String>,
}

/// A container runtime.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RuntimePath {
    /// Its program.
    pub path: String,
}

/// A node's place in a swarm.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SwarmInfo {
    /// The node's id; empty outside a swarm.
    #[serde(rename = "NodeID")]
    pub node_id: String,
    /// The node's address for other members.
    pub node_addr: String,
    /// Where the traffic between its containers and other nodes' goes; a field of Skep's own, empty when nothing was said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub data_path_addr: String,
    /// `inactive`, `pending`, `active`, `error` or `locked`.
    pub local_node_state: String,
    /// True on managers.
    pub control_available: bool,
    /// What is wrong.
    pub error: String,
    /// The managers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_managers: Option<Vec<Peer>>,
    /// Nodes, on managers.
    #[serde(skip_serializing_if = "is_zero")]
    pub nodes: u64,
    /// Managers, on managers.
    #[serde(skip_serializing_if = "is_zero")]
    pub managers: u64,
    /// The swarm, on managers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterInfo>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A manager.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Peer {
    /// Its node id.
    #[serde(rename = "NodeID")]
    pub node_id: String,
    /// `address:port`.
    pub addr: String,
}

/// A swarm without its secrets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ClusterInfo {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its version.
    pub version: crate::Version,
    /// When it was initialised.
    pub created_at: String,
    /// When its settings last changed.
    pub updated_at: String,
    /// Its settings.
    pub spec: crate::SwarmSpec,
    /// Where subnets come from.
    pub default_addr_pool: Vec<String>,
    /// Prefix length of a subnet.
    pub subnet_size: u32,
    /// The port of the data path.
    pub data_path_port: u32,
    /// True while the root certificate is being replaced.
    pub root_rotation_in_progress: bool,
    /// The root that certificates hang on.
    #[serde(rename = "TLSInfo")]
    pub tls_info: crate::TlsInfo,
}
