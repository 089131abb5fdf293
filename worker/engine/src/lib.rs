//! The container engine of one node: images, containers and their network put together behind the executor's traits.
//!
//! The keeper (another process) owns the containers, so everything here may die and come back at any time: what there is,
//! is read from the keeper and from the containers' own directories. No gRPC, no managers.
//!
//! ```text
//! Engine ── executor.rs, controller.rs   the executor's traits
//!   ├─ keeper.rs        calls to the keeper process, and starting it
//!   ├─ exits.rs         the stream of ends
//!   ├─ registry.rs      what containers there are and how they are
//!   ├─ recipe.rs        task assignment + image -> keeper's configuration (pure)
//!   ├─ wanted.rs, mounts.rs, programs.rs   parts of it: templates, mounts, checks and hooks (pure)
//!   ├─ process.rs       a container's process: start, signals, end
//!   ├─ inside.rs        programs that are run in a container beside its own process
//!   ├─ health/          whether a container works
//!   ├─ volumes/         folders that outlive containers
//!   ├─ plain/           containers that are no task's
//!   ├─ directory.rs     a container's files on disk
//!   ├─ checkup.rs       what it finds out about its host when it is asked to look
//!   └─ logs.rs          reading and following logs
//! ```

mod calls;
mod checkup;
mod container;
mod contents;
mod controller;
mod descriptors;
mod directory;
mod engine;
mod error;
mod event;
mod exec;
mod executor;
mod exits;
mod facts;
mod health;
mod image_volumes;
mod inside;
mod keeper;
mod listening;
mod logs;
mod mounts;
mod places;
mod plain;
mod ports;
mod process;
mod programs;
mod recipe;
mod registry;
mod tail;
mod volumes;
mod wanted;

pub use checkup::check_host;
pub use container::{Container, ContainerInfo, ContainerState, HostPort, NetworkPlace, Phase, StoredDns};
pub use engine::{Engine, EngineOptions};
pub use error::EngineError;
pub use event::{EngineEvent, EngineEvents};
pub use executor::EngineExecutor;
pub use facts::Facts;
pub use health::{Health, HealthPlan, HealthResult, HealthStatus};
pub use logs::{LogLines, LogRequest};
pub use mounts::StoredMount;
pub use plain::{AttachError, AttachWish, Attachments, Console, Granted, Plain, StoredNetwork, WaitFor};
pub use ports::port_in_use;
pub use programs::Programs;
pub use skep_keeper::log::{LogLine, Stream as LogOrigin};
pub use volumes::Volume;
