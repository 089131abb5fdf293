//! A service's spec in Docker's shape, a file for each part of it.

mod container;
mod convert;
mod endpoint;
mod file_reference;
mod health;
mod mount;
mod mount_options;
mod placement;
mod process;
mod resources;
mod restart;
mod service;
mod service_mode;
mod task;
#[cfg(test)]
mod tests;
mod update;

pub use container::ContainerSpec;
pub use endpoint::{EndpointSpec, PortConfig};
pub use file_reference::{ConfigFile, FileTarget, SecretReference};
pub use health::HealthConfig;
pub use mount::Mount;
pub use mount_options::{BindOptions, TmpfsOptions, VolumeDriver, VolumeOptions};
pub use placement::{Placement, PlacementPreference, SpecPlatform, SpreadOver};
pub use process::{DnsConfig, Hook, Privileges, TaskLogDriver, Ulimit};
pub use resources::{
    DiscreteResource, GenericResource, LimitResources, NamedResource, ReservationResources,
    ResourceRequirements,
};
pub use restart::RestartPolicy;
pub use service::ServiceSpec;
pub use service_mode::{Nothing, Replicated, ReplicatedJob, ServiceMode};
pub use task::{NetworkAttachmentConfig, TaskSpec};
pub use update::UpdateConfig;

use convert::{filled, nanos};
