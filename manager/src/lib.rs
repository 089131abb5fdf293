//! A manager: one member of Raft with its replica of the cluster's state, the servers that agents and users talk to, and,
//! while it leads, the planners and the dispatcher. It knows nothing of containers.

mod authorize;
mod backup;
pub mod ca;
mod compaction;
mod connection;
pub mod controlapi;
mod core;
mod dispatcher;
pub mod doctor;
mod leader;
mod leader_calls;
mod locking;
mod manager;
mod members;
mod proposer;
mod quorum;
mod raft_server;
mod recover;
pub mod relay;
mod replica;
mod server;
mod transport;
#[cfg(feature = "testing")]
pub mod wire;

pub use backup::{BackupError, RestoredSwarm, RestoringNode, restore};
pub use controlapi::{ContentKind, ContentRotated, ControlApi, ControlError, GivenRoot, Rotation};
pub use core::{BootstrapError, Core};
pub use dispatcher::{Arrival, DispatchError, Dispatcher, attachments};
pub use leader_calls::LeaderCalls;
pub use locking::{LockWish, Locking};
pub use manager::{Manager, ManagerError, ManagerOptions, raft_directory};
pub use quorum::Quorum;
pub use recover::{RecoverError, Survivor, recover};
pub use skep_log::{Key as LogKey, Keys as LogKeys};
pub use skep_plan::{Verdict, explain};
pub use skep_raft::{ReadError, RekeyError};
pub use skep_wire::Certified;
