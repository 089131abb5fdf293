use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::spec::{PortConfig, TaskSpec};
use crate::{Version, rfc3339};

/// `GET /tasks/{id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Task {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its version.
    pub version: Version,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// What it runs.
    pub spec: TaskSpec,
    /// Its service.
    #[serde(rename = "ServiceID")]
    pub service_id: String,
    /// Its place among the replicas.
    pub slot: u32,
    /// Where it runs; empty before it was scheduled.
    #[serde(rename = "NodeID", skip_serializing_if = "String::is_empty")]
    pub node_id: String,
    /// How it is.
    pub status: TaskStatus,
    /// What managers want of it.
    pub desired_state: String,
    /// Of a job's task: the run that it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_iteration: Option<Version>,
    /// Its addresses.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub networks_attachments: Value,
}

/// How a task is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskStatus {
    /// Since when.
    pub timestamp: String,
    /// Its state.
    pub state: String,
    /// What is going on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What went wrong.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub err: String,
    /// Its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_status: Option<ContainerStatus>,
    /// Ports of its node that lead to it alone: `{"Ports": [...]}`, or nothing.
    pub port_status: Value,
}

/// A task's container.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerStatus {
    /// Its id.
    #[serde(rename = "ContainerID")]
    pub container_id: String,
    /// Its process; 0 when it does not run.
    #[serde(rename = "PID")]
    pub pid: u32,
    /// How it ended.
    pub exit_code: i32,
    /// The last lines that it wrote, when it failed; not Docker's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_tail: Vec<String>,
}

impl From<(&skep_model::Task, Option<&skep_model::ServiceSpec>)> for Task {
    /// Everything but the run of a job, which its service knows.
    fn from((task, spec): (&skep_model::Task, Option<&skep_model::ServiceSpec>)) -> Self {
        let networks = task.networks.iter().map(|place| {
            json!({ "Network": { "ID": place.network.to_string() }, "Addresses": [place.address.to_string()] })
        });
        let networks: Vec<Value> = networks.collect();
        Self {
            id: task.id.to_string(),
            version: Version { index: task.meta.version },
            created_at: rfc3339(task.meta.created_at),
            updated_at: rfc3339(task.meta.updated_at),
            spec: spec.map(|spec| TaskSpec::from(&spec.task)).unwrap_or_default(),
            service_id: task.service.to_string(),
            slot: task.slot,
            node_id: task.node.map(|node| node.to_string()).unwrap_or_default(),
            status: TaskStatus::from(&task.status),
            desired_state: task.desired.to_string(),
            job_iteration: None,
            networks_attachments: if networks.is_empty() { Value::Null } else { Value::Array(networks) },
        }
    }
}

impl TaskStatus {
    /// The ports of its node that lead to it alone.
    pub fn ports(&self) -> Vec<PortConfig> {
        let ports = self.port_status.get("Ports").cloned().unwrap_or_default();
        serde_json::from_value(ports).unwrap_or_default()
    }
}

fn port_status(status: &skep_model::TaskStatus) -> Value {
    let ports = status.container.as_deref().map_or(&[][..], |container| &container.ports);
    let ports: Vec<_> = ports.iter().map(PortConfig::from).collect();
    if ports.is_empty() { json!({}) } else { json!({ "Ports": ports }) }
}

impl From<&skep_model::TaskStatus> for TaskStatus {
    fn from(status: &skep_model::TaskStatus) -> Self {
        Self {
            timestamp: rfc3339(status.at),
            state: status.state.to_string(),
            message: status.message.to_string(),
            err: status.error.to_string(),
            container_status: status.container.as_deref().map(|container| ContainerStatus {
                container_id: container.id.clone(),
                pid: container.pid.unwrap_or_default(),
                exit_code: container.exit_code.unwrap_or_default(),
                log_tail: container.log_tail.clone(),
            }),
            port_status: port_status(status),
        }
    }
}
