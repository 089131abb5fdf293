//! The cluster's words: typed ids, what users want (specs), what there is (objects), the states of a task and its legal
//! moves, limits, and validation.
//!
//! Everything else is written in these words, so this crate imports nothing: no async, no I/O, no clock, no randomness,
//! no wire format (`proto/wire` converts).

mod assigned_content;
mod assignment;
mod change;
mod doctor;
mod endpoint;
mod endpoint_merge;
mod error;
mod free_name;
mod ids;
pub mod limits;
mod node_call;
mod object;
mod spec;
mod subnet6;
mod swarm_view;
mod task_state;
mod task_template;
pub mod template;
mod timestamp;
mod tunnel_key;
mod validate;

pub use assigned_content::{AssignedContent, ContentKey};
pub use assignment::{NODE_ID_LABEL, SERVICE_ID_LABEL, TASK_ID_LABEL, TaskAssignment, TaskReport};
pub use change::{Change, Transaction};
pub use doctor::{
    Check, Checkup, Diagnosis, Finding, Inquiry, ManagerReport, NodeReport, PathReport, Severity,
};
pub use endpoint::{
    Backend, EndpointNetwork, EndpointService, EndpointTable, Peer, PublishedPort, Subnet, Vip,
};
pub use error::{IdError, Invalid, UnknownWord};
pub use free_name::free_name;
pub use ids::{
    AttachmentId, CallId, ClusterId, ConfigId, ID_DIGITS, NetworkId, NodeId, SecretId, ServiceId, SessionId,
    StackId, TaskId, from_base36, to_base36,
};
pub use node_call::{AskedCall, CallPiece, ExecSpec, LogQuery, NodeCall};
pub use object::{
    AttachedPlace, Attachment, CertIssuer, Cluster, Config, ContainerStatus, Content, ContentVersion,
    Dismissal, Held, JobRun, JoinTokens, Kind, ManagerStatus, Meta, Network, Node, NodeCertificate,
    NodeDescription, NodeRole, NodeState, NodeStatus, Object, ObjectKey, RestartHistory, RootCa,
    RootRotation, Secret, Service, ServiceEndpoint, ServiceRevision, Stack, StackRevision, Task, TaskNetwork,
    TaskRecord, TaskStatus, UnlockKey, UpdateFailure, UpdateState, UpdateStatus,
};
pub use spec::{
    Availability, BALANCE_LABEL, Balance, ClusterSpec, ConfigReference, Constraint, ContainerSpec,
    ContentReference, DnsConfig, EndpointMode, EndpointSpec, FailureAction, FileTarget, GenericCount,
    GenericResource, GenericValue, HealthCheck, HealthTest, Hook, Labels, Limits, LogDriver, LogFiles, Mount,
    MountKind, NetworkAttachment, NetworkSpec, NetworkTarget, NodeSpec, PREFER_LOCAL_LABEL, Placement,
    PlainNetwork, PlainPlace, PlainSpec, Platform, PortConfig, PortMode, Propagation, Protocol, Recursion,
    Reservations, Resources, RestartCondition, RestartPolicy, STACK_LABEL, SecretReference, SecretSpec,
    ServiceMode, ServiceSpec, StackContent, StackSpec, Subject, TaskSpec, Ulimit, UpdateConfig, UpdateOrder,
    VolumeMount,
};
pub use subnet6::Subnet6;
pub use swarm_view::SwarmView;
pub use task_state::{StateOwner, TaskState};
pub use task_template::TaskTemplate;
pub use timestamp::Timestamp;
pub use tunnel_key::TunnelKey;
pub use validate::{
    validate_cluster, validate_container_name, validate_image, validate_ipv6_in_swarm, validate_mount_target,
    validate_name, validate_network, validate_no_overlap, validate_plain, validate_secret, validate_service,
    validate_stack, validate_stack_name, validate_volume_name, validate_volume_options,
};
