//! What users want.

mod balance;
mod cluster;
mod constraint;
mod container;
mod content_reference;
mod endpoint;
mod health;
mod hook;
mod image_name;
mod mount;
mod network;
mod node;
mod placement;
mod plain;
mod process;
mod resources;
mod restart;
mod secret;
mod service;
mod service_mode;
mod stack;
mod update;

pub use balance::{BALANCE_LABEL, Balance, PREFER_LOCAL_LABEL};
pub use cluster::ClusterSpec;
pub use constraint::{Constraint, Subject};
pub use container::ContainerSpec;
pub use content_reference::{ConfigReference, ContentReference, FileTarget, SecretReference};
pub use endpoint::{EndpointMode, EndpointSpec, PortConfig, PortMode, Protocol};
pub use health::{HealthCheck, HealthTest};
pub use hook::Hook;
pub use mount::{Mount, MountKind, Propagation, Recursion, VolumeMount};
pub use network::{NetworkAttachment, NetworkSpec, NetworkTarget};
pub use node::{Availability, NodeSpec};
pub use placement::{Placement, Platform};
pub use plain::{PlainNetwork, PlainPlace, PlainSpec};
pub use process::{DnsConfig, LogDriver, Ulimit};
pub use resources::{GenericCount, GenericResource, GenericValue, Limits, Reservations, Resources};
pub use restart::{RestartCondition, RestartPolicy};
pub use secret::SecretSpec;
pub use service::{ServiceSpec, TaskSpec};
pub use service_mode::ServiceMode;
pub use stack::{STACK_LABEL, StackContent, StackSpec};
pub use update::{FailureAction, UpdateConfig, UpdateOrder};

/// Names and values that people hang on objects.
pub type Labels = std::collections::BTreeMap<String, String>;
