//! The Engine API on a unix socket: the only public API.
//!
//! `router.rs` lists the calls; `resources/`, `logs/` and `events.rs` answer them from the state (through the control API) and
//! from [`Host`]; `version.rs` takes the version off a path; `status.rs` says which error has which status.

mod api;
mod body;
mod error;
mod events;
mod facts;
mod filters;
mod host;
mod incoming;
mod log_line;
mod logs;
mod moment;
mod params;
mod refusal;
mod resources;
mod router;
mod serve;
mod status;
mod swarm_events;
mod version;
mod warnings;
mod why;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use api::SWARM_LOCKED;
pub use error::{HostError, HostErrorKind};
pub use facts::HostFacts;
pub use host::{Console, Host, LogStream, Member, SwarmState, Upload, WaitCondition};
pub use log_line::{LogLine, LogOptions, LogOrigin};
pub use serve::serve;
