//! The second tier: what managers and agents say goes through the product's own gRPC on both sides, over pipes in memory.
//!
//! What the client's side spawns is a task of its node's life. tonic's server spawns tasks that are of no life; so its end of a
//! pipe (`accepted.rs`) stands still and ends with the life, and the work behind each call is a task of it (`reception.rs`).

mod accepted;
mod agent_calls;
mod connect;
mod in_life;
mod pipe;
mod port;
mod raft_calls;
mod reception;
mod serve;
mod upstreams;

pub(crate) use connect::transport;
pub(crate) use port::{Arrivals, Port};
pub(crate) use serve::serve;
pub(crate) use upstreams::GrpcUpstreams;
