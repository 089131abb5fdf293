//! What planners ask of tasks. Each answer costs what it returns, not what there is.

use std::cmp::Reverse;
use std::sync::Arc;

use skep_model::{NodeId, ServiceId, Task, TaskId, TaskState, Timestamp};

use crate::task_index::TaskCounts;
use crate::view::View;

impl View {
    /// A service's tasks, by slot, also of a service that is gone.
    pub fn service_tasks(&self, service: ServiceId) -> impl Iterator<Item = &Arc<Task>> {
        let first = (service, 0, TaskId::new(0));
        let all = self.tables().indexes.tasks.by_service.range(first..);
        all.take_while(move |entry| entry.0 == service).filter_map(|entry| self.task(entry.2))
    }

    /// The tasks in a slot of a service; of a global service all its tasks are in slot 0.
    pub fn slot_tasks(&self, service: ServiceId, slot: u32) -> impl Iterator<Item = &Arc<Task>> {
        let all = self.tables().indexes.tasks.by_service.range((service, slot, TaskId::new(0))..);
        let of_slot = all.take_while(move |entry| (entry.0, entry.1) == (service, slot));
        of_slot.filter_map(|entry| self.task(entry.2))
    }

    /// The services that tasks name, also those that are gone.
    pub fn services_with_tasks(&self) -> impl Iterator<Item = ServiceId> + '_ {
        self.tables().indexes.tasks.counts.keys().copied()
    }

    /// A node's tasks.
    pub fn node_tasks(&self, node: NodeId) -> impl Iterator<Item = &Arc<Task>> {
        let all = self.tables().indexes.tasks.by_node.range((node, TaskId::new(0))..);
        all.take_while(move |entry| entry.0 == node).filter_map(|entry| self.task(entry.1))
    }

    /// Tasks in state `New` (for the allocator) or `Pending` (for the scheduler), by service, spec and slot.
    pub fn waiting_tasks(&self, state: TaskState) -> impl Iterator<Item = &Arc<Task>> {
        let first = (state, ServiceId::new(0), 0, 0, TaskId::new(0));
        let all = self.tables().indexes.tasks.waiting.range(first..);
        all.take_while(move |entry| entry.0 == state).filter_map(|entry| self.task(entry.4))
    }

    /// The services and specs of these tasks: those of one are alike.
    pub fn waiting_groups(&self, state: TaskState) -> impl Iterator<Item = (ServiceId, u64)> + '_ {
        let mut last: Option<(ServiceId, u64)> = None;
        std::iter::from_fn(move || {
            let (service, version) = last.unwrap_or((ServiceId::new(0), 0));
            let slot = if last.is_some() { u32::MAX } else { 0 };
            let from = (state, service, version, slot, TaskId::new(0));
            let mut after = self.tables().indexes.tasks.waiting.range(from..);
            let found = after.find(|entry| last != Some((entry.1, entry.2)) || entry.0 != state)?;
            last = (found.0 == state).then_some((found.1, found.2));
            last
        })
    }

    /// Those of one service and spec, by slot.
    pub fn waiting_of(
        &self,
        state: TaskState,
        service: ServiceId,
        spec_version: u64,
    ) -> impl Iterator<Item = &Arc<Task>> {
        let group = (state, service, spec_version);
        let all =
            self.tables().indexes.tasks.waiting.range((state, service, spec_version, 0, TaskId::new(0))..);
        all.take_while(move |entry| (entry.0, entry.1, entry.2) == group)
            .filter_map(|entry| self.task(entry.4))
    }

    /// The tasks of a service that managers want, by slot, in a slot by node; those that have ended included.
    pub fn wanted_tasks(&self, service: ServiceId) -> impl Iterator<Item = &Arc<Task>> {
        let all = self.tables().indexes.tasks.wanted.range((service, 0, None, TaskId::new(0))..);
        all.take_while(move |entry| entry.0 == service).filter_map(|entry| self.task(entry.3))
    }

    /// The slots of a service that have a wanted task, in order.
    pub fn wanted_slots(&self, service: ServiceId) -> impl Iterator<Item = u32> + '_ {
        let all = self.tables().indexes.tasks.wanted.range((service, 0, None, TaskId::new(0))..);
        let mut last = None;
        let slots = all.take_while(move |entry| entry.0 == service).map(|entry| entry.1);
        slots.filter(move |&slot| last.replace(slot) != Some(slot))
    }

    /// The nodes of a global service's wanted tasks, in order, each with the task.
    pub fn wanted_places(&self, service: ServiceId) -> impl Iterator<Item = (NodeId, TaskId)> + '_ {
        let all = self.tables().indexes.tasks.wanted.range((service, 0, None, TaskId::new(0))..);
        let placed = all.take_while(move |entry| (entry.0, entry.1) == (service, 0));
        placed.filter_map(|entry| Some((entry.2?, entry.3)))
    }

    /// The tasks that managers want on a node.
    pub fn node_wanted(&self, node: NodeId) -> impl Iterator<Item = &Arc<Task>> {
        let all = self.tables().indexes.tasks.wanted_by_node.range((node, TaskId::new(0))..);
        all.take_while(move |entry| entry.0 == node).filter_map(|entry| self.task(entry.1))
    }

    /// The tasks of a global service that managers want on a node.
    pub fn wanted_on_node(&self, service: ServiceId, node: NodeId) -> impl Iterator<Item = &Arc<Task>> {
        let all = self.tables().indexes.tasks.wanted.range((service, 0, Some(node), TaskId::new(0))..);
        let there = all.take_while(move |entry| (entry.0, entry.1, entry.2) == (service, 0, Some(node)));
        there.filter_map(|entry| self.task(entry.3))
    }

    /// The specs of the tasks of a service that managers want, each with how many there are of it.
    pub fn wanted_versions(&self, service: ServiceId) -> impl Iterator<Item = (u64, u32)> + '_ {
        let all = self.tables().indexes.tasks.wanted_versions.range((service, 0)..);
        all.take_while(move |(key, _)| key.0 == service).map(|(key, count)| (key.1, *count))
    }

    /// The oldest of the specs that a service's tasks name, wanted or not.
    pub fn oldest_version(&self, service: ServiceId) -> Option<u64> {
        let (key, _) = self.tables().indexes.tasks.versions.range((service, 0)..).next()?;
        (key.0 == service).then_some(key.1)
    }

    /// Whether a task names the spec, wanted or not.
    pub fn names_version(&self, service: ServiceId, spec_version: u64) -> bool {
        self.tables().indexes.tasks.versions.contains_key(&(service, spec_version))
    }

    /// Those of one service of the next.
    pub fn service_unsettled(&self, service: ServiceId) -> impl Iterator<Item = &Arc<Task>> {
        let all = self.tables().indexes.tasks.unsettled.range((service, TaskId::new(0))..);
        all.take_while(move |entry| entry.0 == service).filter_map(|entry| self.task(entry.1))
    }

    /// All tasks that managers want though they have ended without being done, or that wait for their start.
    pub fn unsettled_tasks(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.tables().indexes.tasks.unsettled.iter().filter_map(|entry| self.task(entry.1))
    }

    /// The tasks of a service that failed or were rejected and are not forgotten yet, the oldest failure first.
    pub fn failed_tasks(&self, service: ServiceId) -> impl Iterator<Item = &Arc<Task>> {
        self.failed_after(service, Timestamp::NEVER)
    }

    /// Those that did so after this moment.
    pub fn failed_after(&self, service: ServiceId, after: Timestamp) -> impl Iterator<Item = &Arc<Task>> {
        let all = self.tables().indexes.tasks.failed.range((service, after, TaskId::new(u128::MAX))..);
        all.take_while(move |entry| entry.0 == service).filter_map(|entry| self.task(entry.2))
    }

    /// Tasks that are to be removed, and those that were given up before they had a node.
    pub fn doomed_tasks(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.tables().indexes.tasks.doomed.iter().filter_map(|entry| self.task(entry.1))
    }

    /// The places with more ended tasks than `limit`, the fullest first: the service, the slot, and of a global service the
    /// node.
    pub fn crowded_slots(&self, limit: u32) -> impl Iterator<Item = (ServiceId, u32, Option<NodeId>)> + '_ {
        let all = self.tables().indexes.tasks.history_order.iter();
        all.take_while(move |(Reverse(count), _)| *count > limit).map(|(_, slot)| *slot)
    }

    /// How many tasks use a node: those that have not ended, wanted or not.
    pub fn active_on_node(&self, node: NodeId) -> u32 {
        self.tables().indexes.tasks.node_active.get(&node).copied().unwrap_or(0)
    }

    /// The nodes that tasks use, also those that are gone.
    pub fn nodes_in_use(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.tables().indexes.tasks.node_active.keys().copied()
    }

    /// How many tasks of which spec hold what they reserve of a node, from `Assigned` to their end: the service, the spec's version, and the count.
    pub fn specs_on_node(&self, node: NodeId) -> impl Iterator<Item = (ServiceId, u64, u32)> + '_ {
        let all = self.tables().indexes.tasks.on_node.range((node, ServiceId::new(0), 0)..);
        let there = all.take_while(move |(key, _)| key.0 == node);
        there.map(|(key, count)| (key.1, key.2, *count))
    }

    /// The nodes that tasks of a service use, each with how many there are.
    pub fn service_on_nodes(&self, service: ServiceId) -> impl Iterator<Item = (NodeId, u32)> + '_ {
        let all = self.tables().indexes.tasks.service_on_node.range((service, NodeId::new(0))..);
        all.take_while(move |(key, _)| key.0 == service).map(|(key, count)| (key.1, *count))
    }

    /// Sums over a service's tasks.
    pub fn task_counts(&self, service: ServiceId) -> TaskCounts {
        self.tables().indexes.tasks.counts.get(&service).copied().unwrap_or_default()
    }
}
