//! What managers and agents say to each other about tasks.

use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::{
    GenericResource, Labels, NetworkId, NodeId, ServiceId, ServiceSpec, TaskId, TaskState, TaskStatus,
};

/// The label of a task's container, and of its log's lines, with the id of its node (Docker's name).
pub const NODE_ID_LABEL: &str = "com.docker.swarm.node.id";
/// The same with the id of its service.
pub const SERVICE_ID_LABEL: &str = "com.docker.swarm.service.id";
/// The same with its own id.
pub const TASK_ID_LABEL: &str = "com.docker.swarm.task.id";

/// A task as a node gets it: everything that is needed to run it, without another question.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct TaskAssignment {
    /// The task.
    pub id: TaskId,
    /// Its service.
    pub service: ServiceId,
    /// Its place among the service's replicas, from 1; 0 of a global service's.
    pub slot: u32,
    /// The node that it is assigned to.
    pub node: NodeId,
    /// What managers want of it.
    pub desired: TaskState,
    /// The service's spec as it was when the task was made.
    pub spec: Arc<ServiceSpec>,
    /// Its address on each of its networks.
    pub networks: Vec<(NetworkId, Ipv4Addr)>,
    /// True when a network of the task lets it reach outside.
    pub egress: bool,
    /// What it was given of its node's generic resources.
    pub generic: Vec<GenericResource>,
}

impl TaskAssignment {
    /// The container's name: `service.slot.task`, or `service.node.task` of a global service.
    pub fn container_name(&self) -> String {
        match self.slot {
            0 => format!("{}.{}.{}", self.spec.name, self.node, self.id),
            slot => format!("{}.{slot}.{}", self.spec.name, self.id),
        }
    }

    /// The labels of the container: the spec's and those that Docker gives to a task's container.
    pub fn container_labels(&self) -> Labels {
        let mut labels = self.spec.task.container.labels.clone();
        for (key, value) in [
            ("com.docker.swarm.task", String::new()),
            (TASK_ID_LABEL, self.id.to_string()),
            ("com.docker.swarm.task.name", self.container_name()),
            (NODE_ID_LABEL, self.node.to_string()),
            (SERVICE_ID_LABEL, self.service.to_string()),
            ("com.docker.swarm.service.name", self.spec.name.clone()),
        ] {
            labels.insert(key.to_owned(), value);
        }
        labels
    }
}

/// An agent's word on one task.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct TaskReport {
    /// The task.
    pub task: TaskId,
    /// What the agent saw.
    pub status: TaskStatus,
}
