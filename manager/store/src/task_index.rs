//! Second ways to find tasks, and counts of them.

use std::cmp::Reverse;

use imbl::{OrdMap, OrdSet};
use skep_model::{NodeId, ServiceId, Task, TaskId, TaskState, Timestamp};

/// Every planner's question has an index here, so that a plan costs what has changed and not what there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TaskIndexes {
    /// By service, in the order of slots.
    pub(crate) by_service: OrdSet<(ServiceId, u32, TaskId)>,
    /// By node.
    pub(crate) by_node: OrdSet<(NodeId, TaskId)>,
    /// Those that wait for the allocator or the scheduler, like ones together, in the order of slots.
    pub(crate) waiting: OrdSet<(TaskState, ServiceId, u64, u32, TaskId)>,
    /// How many there are of each spec, wanted or not.
    pub(crate) versions: OrdMap<(ServiceId, u64), u32>,
    /// Those that managers want, by node.
    pub(crate) wanted_by_node: OrdSet<(NodeId, TaskId)>,
    /// Those that managers want, by slot, in a slot by node.
    pub(crate) wanted: OrdSet<(ServiceId, u32, Option<NodeId>, TaskId)>,
    /// How many of these there are of each spec.
    pub(crate) wanted_versions: OrdMap<(ServiceId, u64), u32>,
    /// Those that managers want though they have ended without being done, or that wait for their start: the restart
    /// supervisor's.
    pub(crate) unsettled: OrdSet<(ServiceId, TaskId)>,
    /// Those that failed or were rejected, by service, the oldest failure first.
    pub(crate) failed: OrdSet<(ServiceId, Timestamp, TaskId)>,
    /// Those of which nobody wants to see anything any more.
    pub(crate) doomed: OrdSet<(ServiceId, TaskId)>,
    /// How many a slot has whose story is over, where it has any. In a global service each node is a slot of its own.
    pub(crate) history: OrdMap<Slot, u32>,
    /// The same, the longest stories first.
    pub(crate) history_order: OrdSet<(Reverse<u32>, Slot)>,
    /// How many tasks of a service and spec hold what they reserve of a node.
    pub(crate) on_node: OrdMap<(NodeId, ServiceId, u64), u32>,
    /// How many tasks of a service use a node.
    pub(crate) service_on_node: OrdMap<(ServiceId, NodeId), u32>,
    /// How many tasks use a node.
    pub(crate) node_active: OrdMap<NodeId, u32>,
    /// Sums for each service.
    pub(crate) counts: OrdMap<ServiceId, TaskCounts>,
}

/// A place of a service: a number, or of a global service a node.
pub(crate) type Slot = (ServiceId, u32, Option<NodeId>);

/// Sums over a service's tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskCounts {
    /// All of them.
    pub all: u32,
    /// Those that managers want, whatever became of them.
    pub wanted: u32,
    /// Slots with such a task; each node of a global service is one.
    pub slots: u32,
    /// Of a global service, which nodes these slots are: the sum of their marks ([`place_mark`]).
    pub places: u64,
    /// Those that are wanted and run.
    pub running: u32,
    /// Those that are wanted and ended well; of a job, what is done of its present run.
    pub complete: u32,
    /// Those that are wanted and have no node yet.
    pub unplaced: u32,
}

/// A number of a node such that two sets of nodes have the same sum only if they are the same set, but for a chance of one in
/// 2^64. With it, that a global service is on the nodes that it should be on is seen without a look at its tasks.
pub fn place_mark(node: NodeId) -> u64 {
    let id = node.value();
    // The finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit of the input moves every bit of the output.
    let mut mark = (id as u64 ^ (id >> 64) as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mark = (mark ^ (mark >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mark = (mark ^ (mark >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mark ^ (mark >> 31)
}

/// The place of a task.
pub(crate) fn slot_of(task: &Task) -> Slot {
    (task.service, task.slot, task.node.filter(|_| task.slot == 0))
}

impl TaskIndexes {
    pub(crate) fn add(&mut self, task: &Task) {
        let (service, id) = (task.service, task.id);
        self.by_service.insert((service, task.slot, id));
        if let Some(node) = task.node {
            self.by_node.insert((node, id));
        }
        if task.status.state <= TaskState::Pending {
            self.waiting.insert(waiting_key(task));
        }
        let new_slot = task.is_wanted() && !self.has_wanted(slot_of(task));
        add_one(&mut self.versions, (service, task.spec_version));
        if task.is_wanted() {
            self.wanted.insert((service, task.slot, task.node, id));
            add_one(&mut self.wanted_versions, (service, task.spec_version));
            task.node.map(|node| self.wanted_by_node.insert((node, id)));
        }
        if is_unsettled(task) {
            self.unsettled.insert((service, id));
        }
        if is_failed(task) {
            self.failed.insert((service, task.status.at, id));
        }
        if is_doomed(task) {
            self.doomed.insert((service, id));
        }
        if is_history(task) {
            self.change_history(slot_of(task), 1);
        }
        if let Some(node) = task.node.filter(|_| uses_node(task)) {
            if holds(task) {
                add_one(&mut self.on_node, (node, service, task.spec_version));
            }
            add_one(&mut self.service_on_node, (service, node));
            add_one(&mut self.node_active, node);
        }
        let mut counts = self.counts.get(&service).copied().unwrap_or_default();
        counts.all += 1;
        if new_slot {
            counts.slots += 1;
            counts.places = counts.places.wrapping_add(mark_of(task));
        }
        counts.wanted += u32::from(task.is_wanted());
        counts.running += u32::from(is_running(task));
        counts.complete += u32::from(is_complete(task));
        counts.unplaced += u32::from(is_unplaced(task));
        self.put_counts(service, counts);
    }

    pub(crate) fn drop(&mut self, task: &Task) {
        let (service, id) = (task.service, task.id);
        self.by_service.remove(&(service, task.slot, id));
        if let Some(node) = task.node {
            self.by_node.remove(&(node, id));
        }
        self.waiting.remove(&waiting_key(task));
        drop_one(&mut self.versions, (service, task.spec_version));
        if task.is_wanted() {
            self.wanted.remove(&(service, task.slot, task.node, id));
            drop_one(&mut self.wanted_versions, (service, task.spec_version));
            task.node.map(|node| self.wanted_by_node.remove(&(node, id)));
        }
        let slot_gone = task.is_wanted() && !self.has_wanted(slot_of(task));
        self.unsettled.remove(&(service, id));
        self.failed.remove(&(service, task.status.at, id));
        self.doomed.remove(&(service, id));
        if is_history(task) {
            self.change_history(slot_of(task), -1);
        }
        if let Some(node) = task.node.filter(|_| uses_node(task)) {
            if holds(task) {
                drop_one(&mut self.on_node, (node, service, task.spec_version));
            }
            drop_one(&mut self.service_on_node, (service, node));
            drop_one(&mut self.node_active, node);
        }
        let mut counts = self.counts.get(&service).copied().unwrap_or_default();
        counts.all = counts.all.saturating_sub(1);
        if slot_gone {
            counts.slots = counts.slots.saturating_sub(1);
            counts.places = counts.places.wrapping_sub(mark_of(task));
        }
        counts.wanted = counts.wanted.saturating_sub(u32::from(task.is_wanted()));
        counts.running = counts.running.saturating_sub(u32::from(is_running(task)));
        counts.complete = counts.complete.saturating_sub(u32::from(is_complete(task)));
        counts.unplaced = counts.unplaced.saturating_sub(u32::from(is_unplaced(task)));
        self.put_counts(service, counts);
    }

    /// Whether a place has a task that managers want.
    fn has_wanted(&self, (service, slot, node): Slot) -> bool {
        let first = (service, slot, node.filter(|_| slot == 0), TaskId::new(0));
        let found = self.wanted.range(first..).next();
        found.is_some_and(|&(other, number, on, _)| {
            (other, number) == (service, slot) && (slot != 0 || on == node)
        })
    }

    fn change_history(&mut self, slot: Slot, by: i32) {
        let before = self.history.get(&slot).copied().unwrap_or(0);
        let after = before.saturating_add_signed(by);
        self.history_order.remove(&(Reverse(before), slot));
        if after == 0 {
            self.history.remove(&slot);
        } else {
            self.history.insert(slot, after);
            self.history_order.insert((Reverse(after), slot));
        }
    }

    fn put_counts(&mut self, service: ServiceId, counts: TaskCounts) {
        if counts == TaskCounts::default() {
            self.counts.remove(&service);
        } else {
            self.counts.insert(service, counts);
        }
    }
}

/// Whether the task is on its node, or will be: until it ended, wanted or not.
fn uses_node(task: &Task) -> bool {
    !task.status.state.is_ended()
}

/// Whether it holds what it reserves: a global service's task has its node from the start, but must pass the scheduler first.
fn holds(task: &Task) -> bool {
    task.status.state >= TaskState::Assigned
}

fn waiting_key(task: &Task) -> (TaskState, ServiceId, u64, u32, TaskId) {
    (task.status.state, task.service, task.spec_version, task.slot, task.id)
}

fn is_running(task: &Task) -> bool {
    task.is_wanted() && task.status.state == TaskState::Running
}

fn mark_of(task: &Task) -> u64 {
    slot_of(task).2.map_or(0, place_mark)
}

fn is_complete(task: &Task) -> bool {
    task.is_wanted() && task.status.state == TaskState::Complete
}

fn is_unplaced(task: &Task) -> bool {
    task.is_wanted() && task.node.is_none()
}

fn is_unsettled(task: &Task) -> bool {
    let waits = task.status.state.is_ended() || task.desired == TaskState::Ready;
    task.is_wanted() && waits && !task.is_done()
}

fn is_failed(task: &Task) -> bool {
    matches!(task.status.state, TaskState::Failed | TaskState::Rejected)
}

/// Removed, or given up before it had a node: nothing of it is left anywhere, or will be.
fn is_doomed(task: &Task) -> bool {
    let nowhere = task.node.is_none() && !task.status.state.is_ended();
    task.desired == TaskState::Remove || (task.desired == TaskState::Shutdown && nowhere)
}

fn is_history(task: &Task) -> bool {
    task.desired == TaskState::Shutdown && task.status.state.is_ended()
}

fn add_one<K: Ord + Clone>(counts: &mut OrdMap<K, u32>, key: K) {
    *counts.entry(key).or_insert(0) += 1;
}

fn drop_one<K: Ord + Clone>(counts: &mut OrdMap<K, u32>, key: K) {
    let left = counts.get(&key).copied().unwrap_or(0).saturating_sub(1);
    if left == 0 {
        counts.remove(&key);
    } else {
        counts.insert(key, left);
    }
}
