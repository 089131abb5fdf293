use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skep_model::{Availability, Cluster, Subnet};

use crate::{ClusterInfo, Unsupported, rfc3339};

/// An object's version: sent back with an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Version {
    /// The index of the log entry that last changed it.
    pub index: u64,
}

/// `GET /swarm`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Swarm {
    /// The swarm.
    #[serde(flatten)]
    pub cluster: ClusterInfo,
    /// What a new node shows to be let in; secret.
    pub join_tokens: JoinTokens,
}

/// Join tokens; secret.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JoinTokens {
    /// For workers.
    pub worker: String,
    /// For managers.
    pub manager: String,
}

impl std::fmt::Debug for JoinTokens {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("JoinTokens(..)")
    }
}

/// `GET /swarm/unlockkey`, and the body of `POST /swarm/unlock`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SwarmUnlockKey {
    /// `SWMKEY-1-...`; empty when managers are not locked. Secret.
    pub unlock_key: String,
}

impl std::fmt::Debug for SwarmUnlockKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SwarmUnlockKey(..)")
    }
}

/// The body of `POST /swarm/init`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SwarmInit {
    /// Where to listen for members, `address[:port]`.
    pub listen_addr: String,
    /// Where others reach this node, `address[:port]`; found out when empty.
    pub advertise_addr: String,
    /// `active`, `pause` or `drain`.
    pub availability: String,
    /// Where subnets come from, in CIDR form.
    pub default_addr_pool: Option<Vec<String>>,
    /// Prefix length of a subnet; 0 for the default.
    pub subnet_size: u32,
    /// Goes on as the only manager of the swarm that this node is in.
    pub force_new_cluster: bool,
    /// Whether a restarted manager waits for the unlock key; the settings may say it, too.
    pub auto_lock_managers: bool,
    /// Address or interface for the traffic between containers of different hosts; that of `advertise_addr` when empty.
    pub data_path_addr: String,
    /// UDP port of that traffic on all nodes; 0 for the default.
    pub data_path_port: u32,
    /// Settings.
    pub spec: SwarmSpec,
}

/// The body of `POST /swarm/join`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SwarmJoin {
    /// Where to listen for members, `address[:port]`.
    pub listen_addr: String,
    /// Where others reach this node, `address[:port]`; found out when empty.
    pub advertise_addr: String,
    /// Address or interface for the traffic between containers of different hosts; that of `advertise_addr` when empty.
    pub data_path_addr: String,
    /// Addresses of managers.
    pub remote_addrs: Vec<String>,
    /// Secret.
    pub join_token: String,
    /// `active`, `pause` or `drain`.
    pub availability: String,
}

impl SwarmJoin {
    /// Whether the node takes tasks.
    ///
    /// # Errors
    /// When the word is not one.
    pub fn availability(&self) -> Result<Availability, Unsupported> {
        availability(&self.availability)
    }
}

/// A node's availability; active when nothing is said.
pub(crate) fn availability(word: &str) -> Result<Availability, Unsupported> {
    if word.is_empty() {
        return Ok(Availability::default());
    }
    word.parse().map_err(|error| Unsupported::value("Availability", error))
}

/// A swarm's settings in Docker's shape.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SwarmSpec {
    /// `default`.
    pub name: String,
    /// `{"TaskHistoryRetentionLimit": 5, "RebalancePercent": 0}`; the second is Skep's alone.
    pub orchestration: Value,
    /// `{"HeartbeatPeriod": nanoseconds}`.
    pub dispatcher: Value,
    /// `{"NodeCertExpiry": nanoseconds, "ForceRotate": count}`; to set, also `SigningCACert` and `SigningCAKey`, PEM. Secret.
    #[serde(rename = "CAConfig")]
    pub ca_config: Value,
    /// `{"SnapshotInterval": entries, ...}`; the rest of Docker's is fixed.
    pub raft: Value,
    /// `{"AutoLockManagers": false, "EncryptNetworks": false}`; the second is Skep's alone.
    pub encryption_config: Value,
}

impl std::fmt::Debug for SwarmSpec {
    /// Without what may hold a root's key.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, orchestration, dispatcher, ca_config: _, raft, encryption_config } = self;
        let mut out = out.debug_struct("SwarmSpec");
        out.field("name", name).field("orchestration", orchestration).field("dispatcher", dispatcher);
        out.field("raft", raft).field("encryption_config", encryption_config);
        out.finish_non_exhaustive()
    }
}

impl From<&Cluster> for ClusterInfo {
    fn from(cluster: &Cluster) -> Self {
        let nanos = |duration: std::time::Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self {
            id: cluster.id.to_string(),
            version: Version { index: cluster.meta.version },
            created_at: rfc3339(cluster.meta.created_at),
            updated_at: rfc3339(cluster.meta.updated_at),
            spec: SwarmSpec {
                name: "default".into(),
                orchestration: json!({
                    "TaskHistoryRetentionLimit": cluster.spec.task_history_per_slot,
                    "RebalancePercent": cluster.spec.rebalance_percent,
                }),
                dispatcher: json!({ "HeartbeatPeriod": nanos(cluster.spec.heartbeat_period) }),
                ca_config: json!({
                    "NodeCertExpiry": nanos(cluster.spec.node_certificate_validity),
                    "ForceRotate": cluster.spec.force_rotate,
                }),
                raft: json!({
                    "SnapshotInterval": cluster.spec.snapshot_interval_entries,
                    "KeepOldSnapshots": 0,
                    "LogEntriesForSlowFollowers": 500,
                    "ElectionTick": 10,
                    "HeartbeatTick": 1,
                }),
                encryption_config: json!({
                    "AutoLockManagers": cluster.spec.autolock,
                    "EncryptNetworks": cluster.spec.encrypt_networks,
                }),
            },
            default_addr_pool: cluster.spec.address_pools.iter().map(Subnet::to_string).collect(),
            subnet_size: cluster.spec.subnet_prefix_bits.into(),
            data_path_port: cluster.spec.tunnel_port().into(),
            root_rotation_in_progress: cluster.root_rotation.is_some(),
            tls_info: cluster.into(),
        }
    }
}

impl From<&Cluster> for Swarm {
    fn from(cluster: &Cluster) -> Self {
        let tokens = &cluster.join_tokens;
        let join_tokens = JoinTokens { worker: tokens.worker.clone(), manager: tokens.manager.clone() };
        Self { cluster: cluster.into(), join_tokens }
    }
}
