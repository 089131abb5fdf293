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
//!   ├─ process.rs       a container's process: start, signals, end
//!   ├─ plain/           containers that are no task's
//!   ├─ directory.rs     a container's files on disk
//!   ├─ checkup.rs       what it finds out about its host when it is asked to look
//!   └─ logs.rs          reading and following logs
//! ```

mod calls;
mod checkup;
mod container;
mod controller;
mod descriptors;
mod directory;
mod engine;
mod error;
mod event;
mod executor;
mod exits;
mod facts;
mod keeper;
mod listening;
mod logs;
mod places;
mod plain;
mod ports;
mod process;
mod recipe;
mod registry;

pub use checkup::check_host;
pub use container::{Container, ContainerInfo, ContainerState, HostPort, NetworkPlace, Phase};
pub use engine::{Engine, EngineOptions};
pub use error::EngineError;
pub use event::{EngineEvent, EngineEvents};
pub use executor::EngineExecutor;
pub use facts::Facts;
pub use logs::{LogLines, LogRequest};
pub use plain::{AttachError, AttachWish, Attachments, Console, Granted, Plain, StoredNetwork, WaitFor};
pub use ports::port_in_use;
pub use skep_keeper::log::{LogLine, Stream as LogOrigin};
