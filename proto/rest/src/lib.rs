//! The public API's JSON in Docker's shape, and conversions to and from `proto/model`: what node/api answers and the command
//! line reads. Field names are those of Docker's Engine API 1.5x (reference/swarm-features.md, section 8); what Docker
//! lacks (stacks) follows the same style.
//!
//! No HTTP, no behaviour.

mod architecture;
mod container;
mod container_create;
mod container_health;
mod container_host;
mod container_networks;
mod doctor;
mod error;
mod event;
mod exec;
mod held;
mod human_duration;
mod image;
mod network;
mod network_addresses;
mod network_create;
mod node;
mod rebalance;
mod service;
mod spec;
mod stack;
mod swarm;
mod swarm_init;
mod swarm_root;
mod system;
mod task;
mod time;
mod tls;
mod update_status;
mod volume;
mod why;

pub use architecture::image_architecture;
pub use container::{ContainerInspect, ContainerState, ContainerSummary, ExitResult, PortSummary};
pub use container_create::{ContainerCreate, ContainerCreated, ContainersPruned, Words};
pub use container_health::{Health, HealthSummary, HealthcheckResult};
pub use container_host::{HostConfig, LogDriver, PortBinding, RestartPolicyName};
pub use container_networks::{EndpointSettings, NetworkingConfig};
pub use doctor::{Diagnosis, Finding};
pub use error::{ErrorMessage, Unsupported};
pub use event::{Event, EventActor};
pub use exec::{ExecCreate, ExecCreated, ExecInspect, ExecProcess, ExecStart};
pub use held::{Held, HeldCreated, HeldRotate, HeldRotated, HeldSpec, Templating};
pub use human_duration::human_duration;
pub use image::{DeletedImage, ImageConfig, ImageInspect, ImageSummary, ProgressLine};
pub use network::{
    ConfigReference, Ipam, IpamConfig, Network, NetworkContainer, NetworkPeer, NetworkService, NetworkTask,
};
pub use network_create::{NetworkCreate, NetworkCreated, NetworksPruned};
pub use node::{
    EngineDescription, ManagerStatus, Node, NodeDescription, NodeSpec, NodeStatus, Platform, Resources,
};
pub use rebalance::{Rebalanced, TaskMove};
pub use service::{Endpoint, Service, ServiceCreated, ServiceStatus, ServiceUpdated, VirtualIp};
pub use spec::{
    BindOptions, ConfigFile, ContainerSpec, DiscreteResource, DnsConfig, EndpointSpec, FileTarget,
    GenericResource, HealthConfig, Hook, LimitResources, Mount, NamedResource, NetworkAttachmentConfig,
    Nothing, Placement, PlacementPreference, PortConfig, Privileges, Replicated, ReplicatedJob,
    ReservationResources, ResourceRequirements, RestartPolicy, SecretReference, ServiceMode, ServiceSpec,
    SpecPlatform, SpreadOver, TaskLogDriver, TaskSpec, TmpfsOptions, Ulimit, UpdateConfig, VolumeDriver,
    VolumeOptions,
};
pub use stack::{StackDeploy, StackDeployed, StackInspect, StackRemoved, StackRevision, StackSummary};
pub use swarm::{JoinTokens, Swarm, SwarmInit, SwarmJoin, SwarmSpec, SwarmUnlockKey, Version};
pub use system::{
    ClusterInfo, DriverNames, EngineVersion, Info, Peer, RuntimePath, SwarmInfo, VersionComponent,
    VersionPlatform,
};
pub use task::{ContainerStatus, Task, TaskStatus};
pub use time::{from_rfc3339, rfc3339};
pub use tls::TlsInfo;
pub use update_status::{JobStatus, UpdateFailure, UpdateStatus};
pub use volume::{Volume, VolumeCreate, Volumes, VolumesPruned};
pub use why::{Why, WhyLink, WhyNode};

/// The newest version of the API that is spoken.
pub const API_VERSION: &str = "1.51";
/// The oldest version of the API that is spoken.
pub const API_VERSION_MIN: &str = "1.24";
/// Where the socket is, unless a flag or `SKEP_HOST` says otherwise.
pub const DEFAULT_HOST: &str = "unix:///run/skep/skep.sock";
