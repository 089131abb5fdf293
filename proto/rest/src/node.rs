use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{GenericResource, TlsInfo, Unsupported, Version, rfc3339};

/// `GET /nodes/{id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Node {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its version.
    pub version: Version,
    /// When it joined.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// What the operator wants of it.
    pub spec: NodeSpec,
    /// What it says of itself.
    pub description: NodeDescription,
    /// How it is.
    pub status: NodeStatus,
    /// Its part in Raft, on managers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager_status: Option<ManagerStatus>,
}

/// What the operator wants of a node.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodeSpec {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// `worker` or `manager`.
    pub role: String,
    /// `active`, `pause` or `drain`.
    pub availability: String,
}

/// What a node says of itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodeDescription {
    /// Its host name.
    pub hostname: String,
    /// Machine type and operating system.
    pub platform: Platform,
    /// CPUs and memory.
    pub resources: Resources,
    /// Its engine.
    pub engine: EngineDescription,
    /// The root that its certificate hangs on.
    #[serde(rename = "TLSInfo")]
    pub tls_info: TlsInfo,
    /// Its named volumes; not Docker's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
}

/// Machine type and operating system.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Platform {
    /// E.g. `x86_64`.
    pub architecture: String,
    /// `linux`.
    #[serde(rename = "OS")]
    pub os: String,
}

/// CPUs and memory.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Resources {
    /// Billionths of a CPU.
    #[serde(rename = "NanoCPUs")]
    pub nano_cpus: u64,
    /// Bytes.
    pub memory_bytes: u64,
    /// Things that the operator named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generic_resources: Option<Vec<GenericResource>>,
}

/// A node's engine.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EngineDescription {
    /// Its version.
    pub engine_version: String,
    /// Its daemon's labels.
    pub labels: BTreeMap<String, String>,
}

/// How a node is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodeStatus {
    /// `unknown`, `down`, `ready` or `disconnected`.
    pub state: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Where it was last seen.
    pub addr: String,
    /// Not Docker's: how far its clock is ahead of the leader's, in milliseconds; negative: behind; 0 below a second.
    #[serde(skip_serializing_if = "is_zero")]
    pub clock_ahead_ms: i64,
}

impl NodeStatus {
    /// What is wrong with its clock, for people.
    #[must_use]
    pub fn clock(&self) -> Option<String> {
        let side = if self.clock_ahead_ms < 0 { "behind" } else { "ahead of" };
        let apart = std::time::Duration::from_millis(self.clock_ahead_ms.unsigned_abs());
        (self.clock_ahead_ms != 0).then(|| format!("{:.1}s {side} the leader's", apart.as_secs_f64()))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// A manager's part in Raft.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ManagerStatus {
    /// True for the leader.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub leader: bool,
    /// `unknown`, `unreachable` or `reachable`.
    pub reachability: String,
    /// Where members reach it.
    pub addr: String,
}

impl From<&skep_model::Node> for Node {
    /// Everything but the manager's part, which Raft knows.
    fn from(node: &skep_model::Node) -> Self {
        let description = &node.description;
        Self {
            id: node.id.to_string(),
            version: Version { index: node.meta.version },
            created_at: rfc3339(node.meta.created_at),
            updated_at: rfc3339(node.meta.updated_at),
            spec: NodeSpec {
                labels: node.spec.labels.clone(),
                role: node.spec.role.to_string(),
                availability: node.spec.availability.to_string(),
            },
            description: NodeDescription {
                hostname: description.hostname.clone(),
                platform: Platform {
                    architecture: description.architecture.clone(),
                    os: description.os.clone(),
                },
                resources: Resources {
                    nano_cpus: description.nano_cpus,
                    memory_bytes: description.memory_bytes,
                    generic_resources: Some(description.generic.iter().map(GenericResource::from).collect())
                        .filter(|all: &Vec<_>| !all.is_empty()),
                },
                engine: EngineDescription {
                    engine_version: description.engine_version.clone(),
                    labels: description.engine_labels.clone(),
                },
                tls_info: node.certificate.as_ref().map(TlsInfo::from).unwrap_or_default(),
                volumes: description.volumes.clone(),
            },
            status: NodeStatus {
                state: node.status.state.to_string(),
                message: node.status.message.clone(),
                addr: node.status.address.clone(),
                clock_ahead_ms: node.status.clock_ahead_ms,
            },
            manager_status: None,
        }
    }
}

impl TryFrom<NodeSpec> for skep_model::NodeSpec {
    type Error = Unsupported;

    fn try_from(spec: NodeSpec) -> Result<Self, Unsupported> {
        use skep_model::NodeRole;
        let role =
            [NodeRole::Worker, NodeRole::Manager].into_iter().find(|role| role.to_string() == spec.role);
        let availability = spec.availability.parse();
        Ok(Self {
            labels: spec.labels,
            role: role.ok_or_else(|| {
                Unsupported::value("Role", format!("'{}' is not one of worker, manager", spec.role))
            })?,
            availability: availability.map_err(|error| Unsupported::value("Availability", error))?,
        })
    }
}
