//! What a container is for the keeper: everything needed to make it, nothing about where it came from.

mod capabilities;
mod container;
mod mount;
mod process;
mod resources;

pub use capabilities::{CapabilitySet, DEFAULT_CAPABILITIES};
pub(crate) use container::is_cgroup_path;
pub use container::{ContainerConfig, LogConfig, Network, RootFs, Seccomp, masked_paths, readonly_paths};
pub use mount::{Bind, Mount, Propagation, Recursion};
pub use process::{Capabilities, ProcessConfig, Rlimit};
pub use resources::{Device, DeviceKind, DeviceRule, Resources, Throttle};
