//! Calls of users to single nodes, which the leader relays: it tells the node in its session, the node joins, and what either end
//! says goes to the other. In the leader's memory alone.

mod client;
mod exchange;
mod server;

pub use client::{RelayCallError, call};
pub(crate) use exchange::Exchange;
pub(crate) use server::RelayServer;
