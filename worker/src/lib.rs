//! A worker: joins the agent to the engine, to the node's disk and to the managers.

mod managers;
mod storage;
mod worker;

pub use managers::KnownManagers;
pub use storage::DurableStorage;
pub use worker::{Worker, WorkerError, WorkerOptions};
