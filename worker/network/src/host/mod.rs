//! What is in this host's kernel, owned by one thread.

mod containers;
pub(crate) mod links;
mod own_address;
mod ruleset;
mod services;
mod state;
mod thread;

pub(crate) use containers::Plug;
pub use links::{LINK_GROUP, ROUTE_PROTOCOL};
pub(crate) use state::Host;
pub use state::{Applied, Observed};
pub(crate) use thread::HostThread;
