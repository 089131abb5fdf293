//! The container runtime and the keeper: one small process per node that is the parent of every container.
//!
//! `config` says what a container is; `runtime` makes it with plain kernel calls; `keeper` is the process that owns
//! containers, their logs and their records; `protocol` and `client` are how the daemon talks to it; `log` reads and
//! writes the log files. The crate is single-threaded by design: no async runtime, no TLS. See ARCHITECTURE.md.

mod cgroup;
pub mod client;
pub mod config;
mod error;
mod first_process;
pub mod keeper;
pub mod log;
pub mod oci;
pub mod protocol;
pub mod runtime;
mod time;

pub use error::{Error, Failure, FailureKind, Result};
pub use first_process::{FIRST_PROCESS_ARGUMENT, first_process_main};
