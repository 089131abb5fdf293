//! What is in this host's kernel, owned by one thread.

mod applied;
mod audit;
mod containers;
pub(crate) mod links;
mod observed;
mod own_address;
mod owners;
mod remote;
mod ruleset;
mod services;
mod stale;
mod state;
mod thread;
pub(crate) mod tunnel;
mod ways;

pub use applied::Applied;
pub use audit::Deviation;
pub(crate) use containers::Plug;
pub use links::{LINK_GROUP, ROUTE_PROTOCOL};
pub use observed::Observed;
pub(crate) use state::Host;
pub(crate) use thread::HostThread;
