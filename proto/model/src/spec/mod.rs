//! What users want.

mod balance;
mod cluster;
mod container;
mod endpoint;
mod image_name;
mod network;
mod node;
mod plain;
mod resources;
mod restart;
mod service;
mod stack;

pub use balance::{BALANCE_LABEL, Balance, PREFER_LOCAL_LABEL};
pub use cluster::ClusterSpec;
pub use container::{ContainerSpec, Mount, MountKind};
pub use endpoint::{EndpointMode, EndpointSpec, PortConfig, PortMode, Protocol};
pub use network::{NetworkAttachment, NetworkSpec, NetworkTarget};
pub use node::{Availability, NodeSpec};
pub use plain::{PlainNetwork, PlainPlace, PlainSpec};
pub use resources::{Limits, Reservations, Resources};
pub use restart::{RestartCondition, RestartPolicy};
pub use service::{ServiceMode, ServiceSpec, TaskSpec};
pub use stack::{STACK_LABEL, StackSpec};

/// Names and values that people hang on objects.
pub type Labels = std::collections::BTreeMap<String, String>;
