//! The swarm's certificate authority: makes the root at `swarm init`, lets nodes in by their join token, and renews the
//! certificates of those that are in.

mod authority;
mod bootstrap;
pub mod client;
mod error;
mod joiner;
mod renewal;
mod server;

pub use authority::Ca;
pub(crate) use authority::manager_addresses;
pub use bootstrap::{FirstNode, NewSwarm, new_swarm};
pub use error::CaError;
pub use joiner::Joiner;
pub use renewal::Renewal;
pub(crate) use server::CaServer;
