//! The agent: keeps a session with the leading manager, keeps what its node should run on disk, drives each task through
//! the executor, and says how the tasks are until managers have it.
//!
//! It knows the executor's traits, never the engine: what a container is, it does not know. It goes on serving without
//! any manager, also through a restart of its own.

mod agent;
mod calls;
mod diagnosis;
mod grpc;
mod manager;
mod reporter;
mod session;
mod storage;
mod tables;
mod task_manager;
mod tasks;

#[cfg(test)]
mod agent_test;

pub use agent::{Agent, AgentOptions};
pub use grpc::GrpcManager;
pub use manager::{Manager, Managers, SessionError, Updates};
#[cfg(any(test, feature = "testing"))]
pub use storage::MemoryStorage;
pub use storage::{StorageError, StoredState, TaskStorage};
