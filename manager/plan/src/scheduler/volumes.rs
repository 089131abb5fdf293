//! Where the data of a task's named volumes is.
//!
//! A volume lives on one node, and a task that comes up elsewhere finds an empty one. So a task goes back to the node on which its
//! slot was last and left its volume; a task of a new slot goes to a node that has the volume and runs no other task of the
//! service. Each such node binds one task: replicas have a volume each, as in Docker Swarm, and none is given another one's.
//! While that node cannot take the task, the task waits and says so. A node that is drained or removed binds nobody: with
//! that an operator says that the data there does not matter. Neither does a volume with driver options: its data is elsewhere.

use skep_model::{Availability, Node, NodeId, Task, TaskState, Timestamp, limits};
use skep_store::View;

use super::needs::own_volumes;

/// The node where the slot's last task left what the spec's volumes hold; none when there is none, or it binds nobody.
pub(super) fn home_of(view: &View, task: &Task, volumes: &[String], now: Timestamp) -> Option<NodeId> {
    // The tasks of slot 0 are a global service's: each of them has its node.
    let earlier = view.slot_tasks(task.service, task.slot).filter(|_| task.slot != 0);
    let there = earlier.filter(|other| other.id != task.id && other.status.state > TaskState::Accepted);
    let last = there.max_by_key(|other| (other.meta.created_at, other.id))?;
    let node = view.node(last.node?)?;
    let mounted = view
        .task_spec(last)
        .is_some_and(|spec| own_volumes(spec).iter().any(|volume| volumes.contains(volume)));
    // Nodes tell of a new volume a moment after they made it.
    let untold = now.since(last.status.at) < limits::VOLUME_REPORT_WAIT;
    (mounted && binds(node) && (untold || held(node, volumes) > 0)).then_some(node.id)
}

/// How many of these volumes the node has.
pub(super) fn held(node: &Node, volumes: &[String]) -> usize {
    volumes.iter().filter(|volume| has(node, volume)).count()
}

/// Whether what the node holds counts.
pub(super) fn binds(node: &Node) -> bool {
    node.spec.availability != Availability::Drain
}

/// The volume of these by which people know what holds a task to the node.
pub(super) fn named<'v>(node: &Node, volumes: &'v [String]) -> &'v str {
    let held = volumes.iter().find(|volume| has(node, volume));
    held.or(volumes.first()).map_or("", String::as_str)
}

fn has(node: &Node, volume: &str) -> bool {
    node.description.volumes.binary_search_by(|own| own.as_str().cmp(volume)).is_ok()
}
