//! The swarm's certificate authority: makes the root at `swarm init` and signs the nodes' certificates.

mod bootstrap;

pub use bootstrap::{FirstNode, NewSwarm, new_swarm};
