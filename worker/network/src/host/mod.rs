//! What is in this host's kernel, owned by one thread.

mod applied;
mod audit;
mod checking;
mod containers;
mod frame;
mod holds;
pub(crate) mod links;
mod observed;
mod own_address;
mod own_table;
pub(crate) mod owners;
mod probing;
mod range;
mod remote;
mod ruleset;
mod scope;
mod services;
mod stale;
mod state;
mod thread;
pub(crate) mod tunnel;
pub(crate) mod twins;
mod ways;

pub use applied::Applied;
pub use audit::Deviation;
pub(crate) use checking::{Published, try_everything};
pub(crate) use containers::Plug;
pub use links::{LINK_GROUP, ROUTE_PROTOCOL};
pub use observed::Observed;
pub(crate) use state::Host;
pub(crate) use thread::HostThread;
