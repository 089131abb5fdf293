//! From the endpoint table to service chains, and from one set of chains to the next.

mod chain;
mod key;
mod plan;

pub(crate) use chain::Chain;
pub(crate) use key::Key;
pub(crate) use plan::Plan;
