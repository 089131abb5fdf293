//! The nodes with what is free on each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skep_model::{Node, NodeId, Reservations, ServiceId, ServiceSpec, Task, TaskState, Timestamp, limits};
use skep_store::View;

use super::filter::{self, Cause, Free, Needs};
use super::refusals::Refusals;

/// One node as the scheduler counts it.
struct Counted<'a> {
    node: &'a Arc<Node>,
    free: Free,
    tasks: u32,
}

/// All nodes; what is decided in one plan is counted at once.
pub(super) struct NodeSet<'a> {
    nodes: Vec<Counted<'a>>,
}

/// The place of a node in the order of choice: smaller is better.
type Rank = (usize, u32, u32, usize);

/// The nodes as they stand for tasks of one service and spec.
pub(super) struct Choice<'a, 'b> {
    set: &'b mut NodeSet<'a>,
    needs: Needs,
    order: BTreeSet<Rank>,
}

impl<'a> NodeSet<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        Self { nodes: view.nodes().map(|node| count(view, node)).collect() }
    }

    /// The order of choice for tasks with this spec.
    pub(super) fn choose_for<'b>(
        &'b mut self,
        view: &View,
        service: ServiceId,
        spec_version: u64,
        spec: &ServiceSpec,
        now: Timestamp,
    ) -> Choice<'a, 'b> {
        let on_node = service_tasks_on_nodes(view, service, spec_version, now);
        let order = self.nodes.iter().enumerate().map(|(index, counted)| {
            let (active, failed) = on_node.get(&counted.node.id).copied().unwrap_or_default();
            let failures = if failed >= limits::NODE_FAILURES_MAX { failed } else { 0 };
            (failures, active, counted.tasks, index)
        });
        let order = order.collect();
        Choice { set: self, needs: Needs::of(spec), order }
    }
}

impl Choice<'_, '_> {
    /// The best node for one more task, which counts from now on.
    pub(super) fn next_node(&mut self) -> Result<NodeId, Refusals> {
        let best = self.order.iter().copied().find(|rank| self.against(rank.3).is_none());
        let Some(rank) = best else { return Err(self.refusals()) };
        let (failures, active, tasks, index) = rank;
        self.order.remove(&rank);
        self.order.insert((failures, active + 1, tasks + 1, index));
        // The index comes from the order, which was made from the nodes.
        let counted = self.set.nodes.get_mut(index).ok_or_else(Refusals::default)?;
        counted.tasks += 1;
        counted.free.take(&self.needs);
        Ok(counted.node.id)
    }

    fn against(&self, index: usize) -> Option<Cause> {
        let counted = self.set.nodes.get(index)?;
        filter::against(counted.node, &counted.free, &self.needs)
    }

    fn refusals(&self) -> Refusals {
        let mut refusals = Refusals::default();
        for index in 0..self.set.nodes.len() {
            self.against(index).into_iter().for_each(|cause| refusals.add(cause));
        }
        refusals
    }
}

fn count<'a>(view: &View, node: &'a Arc<Node>) -> Counted<'a> {
    let resources = Reservations {
        nano_cpus: node.description.nano_cpus,
        memory_bytes: node.description.memory_bytes,
        generic: Vec::new(),
    };
    let mut free = Free { resources, ports: Vec::new() };
    let mut tasks = 0;
    for task in view.node_tasks(node.id).filter(|task| is_active(task)) {
        tasks += 1;
        if let Some(spec) = view.task_spec(task) {
            free.take(&Needs::of(spec));
        }
    }
    Counted { node, free, tasks }
}

/// For each node: active tasks of the service, and recent failures of this spec there.
fn service_tasks_on_nodes(
    view: &View,
    service: ServiceId,
    spec_version: u64,
    now: Timestamp,
) -> BTreeMap<NodeId, (u32, usize)> {
    let mut on_node: BTreeMap<NodeId, (u32, usize)> = BTreeMap::new();
    for task in view.service_tasks(service) {
        let Some(node) = task.node else { continue };
        let counts = on_node.entry(node).or_default();
        if is_active(task) {
            counts.0 += 1;
        }
        let failed = matches!(task.status.state, TaskState::Failed | TaskState::Rejected);
        let recent = now.since(task.status.at) < limits::NODE_FAILURES_WINDOW;
        if failed && recent && task.spec_version == spec_version {
            counts.1 += 1;
        }
    }
    on_node
}

/// Whether a task uses what it reserved: until it ended, wanted or not.
fn is_active(task: &Task) -> bool {
    !task.status.state.is_ended()
}
