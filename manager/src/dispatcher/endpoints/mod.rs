//! The endpoint table of a node: what its network must know. [`Book`] follows the store, and says to each session what became
//! different for its node.

mod book;
#[cfg(test)]
mod book_test;
mod changing;
mod compute;
mod entry;
mod told;

pub(super) use book::Book;
pub(super) use compute::endpoint_network;
pub(super) use told::Told;

/// Whether other nodes can reach the node's tasks.
pub(crate) fn is_reached(node: &skep_model::Node) -> bool {
    compute::peer(node).is_some()
}
