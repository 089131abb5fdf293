//! What there is: a spec, what the cluster made of it, and its version.

mod attachment;
mod certificate;
mod cluster;
mod content;
mod dismissal;
mod held;
mod key;
mod meta;
mod network;
mod node;
mod service;
mod stack;
mod task;
mod task_record;
mod update_status;

pub use attachment::{AttachedPlace, Attachment};
pub use certificate::{CertIssuer, NodeCertificate};
pub use cluster::{Cluster, JoinTokens, RootCa, RootRotation, UnlockKey};
pub use content::Content;
pub use dismissal::Dismissal;
pub use held::{Config, ContentVersion, Held, Secret};
pub use key::{Kind, Object, ObjectKey};
pub use meta::Meta;
pub use network::Network;
pub use node::{ManagerStatus, Node, NodeDescription, NodeRole, NodeState, NodeStatus};
pub use service::{JobRun, Service, ServiceEndpoint, ServiceRevision};
pub use stack::{Stack, StackRevision};
pub use task::{ContainerStatus, RestartHistory, Task, TaskNetwork, TaskStatus};
pub use task_record::TaskRecord;
pub use update_status::{UpdateFailure, UpdateState, UpdateStatus};
