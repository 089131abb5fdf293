//! A service's spec in Docker's shape, a file for each part of it.

mod container;
mod convert;
mod endpoint;
mod mount;
mod resources;
mod restart;
mod service;
mod task;
#[cfg(test)]
mod tests;

pub use container::ContainerSpec;
pub use endpoint::{EndpointSpec, PortConfig};
pub use mount::{Mount, TmpfsOptions};
pub use resources::{LimitResources, ReservationResources, ResourceRequirements};
pub use restart::RestartPolicy;
pub use service::{Replicated, ServiceMode, ServiceSpec};
pub use task::{NetworkAttachmentConfig, TaskSpec};

use convert::{filled, nanos};
