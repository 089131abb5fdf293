//! What a node must have to get a task.

use skep_model::{Availability, Node, NodeState, Reservations};

/// Why a node does not get a task; the first that applies counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// It is not ready, or takes no new tasks.
    NotAvailable,
    /// Its free CPUs or memory are less than what the task reserves.
    Resources,
}

/// The first reason against the node; none when it fits.
pub(super) fn against(node: &Node, free: &Reservations, needs: &Reservations) -> Option<Cause> {
    if node.status.state != NodeState::Ready || node.spec.availability != Availability::Active {
        return Some(Cause::NotAvailable);
    }
    if needs.nano_cpus > free.nano_cpus || needs.memory_bytes > free.memory_bytes {
        return Some(Cause::Resources);
    }
    None
}
