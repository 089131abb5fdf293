//! The log of a manager that does not run any more.

use std::fs;
use std::io::ErrorKind;

use skep_manager::raft_directory;

use crate::membership::Membership;
use crate::node::Node;

/// Of a manager that was demoted nothing is needed any more: promoted again, the node is another member. What a manager that
/// lost its disk still has may be all that there is, until it is a member again.
pub(crate) fn remove(node: &Node, membership: &Membership, raft_id: u64) {
    if membership.lost_raft_id() == Some(raft_id) {
        return;
    }
    if let Err(error) = fs::remove_dir_all(raft_directory(&node.ground.raft, raft_id)) {
        tracing::warn!(%error, "the log of the manager that this node was is left");
    }
}

/// Keeps what a manager that lost its disk still has, for whoever wants to know what became of it; of the last one alone.
pub(crate) fn set_aside(node: &Node, raft_id: u64) {
    let lost = node.ground.raft.join("lost");
    let moved = match fs::remove_dir_all(&lost) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => fs::rename(raft_directory(&node.ground.raft, raft_id), &lost),
    };
    match moved {
        Ok(()) => {
            tracing::warn!(kept = %lost.display(), "this node is another manager now; its old log is kept")
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(%error, "the log that this manager lost was not set aside"),
    }
}
