//! Where a task stands in its service, and whether it can stay there.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_model::{Availability, Node, NodeId, NodeState, ServiceId, Task};
use skep_store::View;

/// A place in a service: a number, or in a global service (slot 0) a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) slot: u32,
    /// None but in a global service.
    pub(crate) node: Option<NodeId>,
}

impl Place {
    /// The place of this number.
    pub(crate) fn slot(slot: u32) -> Self {
        Self { slot, node: None }
    }

    /// The place of a global service on this node.
    pub(crate) fn node(node: NodeId) -> Self {
        Self { slot: 0, node: Some(node) }
    }

    /// A task's.
    pub(crate) fn of(task: &Task) -> Self {
        Self { slot: task.slot, node: task.node.filter(|_| task.slot == 0) }
    }
}

/// The tasks of a service that managers want, by place. A place usually has one.
pub(crate) fn wanted_places(view: &View, service: ServiceId) -> BTreeMap<Place, Vec<&Arc<Task>>> {
    let mut places: BTreeMap<Place, Vec<&Arc<Task>>> = BTreeMap::new();
    for task in view.wanted_tasks(service) {
        places.entry(Place::of(task)).or_default().push(task);
    }
    places
}

/// The first slots of a service, from 1, in which no task is wanted.
pub(crate) fn free_slots(view: &View, service: ServiceId) -> impl Iterator<Item = u32> + '_ {
    let mut taken = view.wanted_slots(service).peekable();
    (1..=u32::MAX).filter(move |slot| {
        while taken.next_if(|first| first < slot).is_some() {}
        taken.peek() != Some(slot)
    })
}

/// Whether a task's node is gone, so that nothing is heard of it.
pub(crate) fn node_lost(view: &View, task: &Task) -> bool {
    task.node.is_some_and(|id| view.node(id).is_none_or(|node| node.status.state == NodeState::Down))
}

/// Whether a node may keep the tasks that it has: it is not down, and the operator does not want it empty.
pub(crate) fn keeps_tasks(node: &Node) -> bool {
    node.status.state != NodeState::Down && node.spec.availability != Availability::Drain
}

/// Why a node does not keep its tasks, for people.
pub(crate) fn emptied_because(view: &View, id: NodeId) -> String {
    match view.node(id) {
        None => format!("its node {id} was removed"),
        Some(node) if node.status.state == NodeState::Down => {
            format!("its node {} is down", node.description.hostname)
        }
        Some(node) => format!("its node {} is drained", node.description.hostname),
    }
}

/// Whether a node takes new tasks.
pub(crate) fn takes_tasks(node: &Node) -> bool {
    node.status.state == NodeState::Ready && node.spec.availability == Availability::Active
}
