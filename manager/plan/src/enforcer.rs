//! The constraint enforcer: moves tasks off nodes that they do not fit any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_model::{
    Change, Kind, Node, Reservations, Service, ServiceId, ServiceMode, Task, TaskState, Timestamp, limits,
};
use skep_store::View;

use crate::fits::Fits;
use crate::new_task::{dismiss, replacement};
use crate::place::takes_tasks;
use crate::reconciler::{Plan, Reconciler};
use crate::scheduler::Stock;
use crate::update::holds_spec;

/// Ends tasks whose node meets the constraints or platforms of their service no more, or has less than its tasks reserve; those of
/// replicated services are replaced at once. As in Docker Swarm it is a change of the node that makes it look, the service's present
/// spec that counts, and only nodes that take tasks are looked at: a paused node keeps what it has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Enforcer;

impl Reconciler for Enforcer {
    fn name(&self) -> &'static str {
        "constraint enforcer"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Node]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let mut allowed = Allowed { view, fits: BTreeMap::new() };
        // A node that has not changed for so long has been looked at often since; a new leader hears of every node anew.
        let changed =
            view.nodes().filter(|node| now.since(node.meta.updated_at) < limits::NODE_ENFORCED_WITHIN);
        for node in changed.filter(|node| takes_tasks(node)) {
            if may_have_to_go(view, node, &mut allowed) {
                enforce(view, now, node, &mut allowed, &mut plan);
            }
        }
        plan
    }
}

/// Which nodes services allow, each service's placement read once.
struct Allowed<'v> {
    view: &'v View,
    fits: BTreeMap<ServiceId, Option<Fits>>,
}

/// Whether the node changed after the service's spec did: otherwise an update brings the tasks elsewhere, in its own time.
fn is_newer(view: &View, node: &Node, service: ServiceId) -> bool {
    let revision = view.service(service).and_then(|known| view.revision(service, known.spec_version));
    revision.is_some_and(|revision| node.meta.version > revision.meta.version)
}

impl Allowed<'_> {
    fn on(&mut self, service: ServiceId, node: &Node) -> bool {
        self.unmet(service, node).is_none()
    }

    /// What of the service's placement the node does not meet.
    fn unmet(&mut self, service: ServiceId, node: &Node) -> Option<String> {
        let view = self.view;
        let fits = self
            .fits
            .entry(service)
            .or_insert_with(|| view.service(service).map(|service| Fits::new(&service.spec.task.placement)));
        // The tasks of a service that is gone end anyway.
        let fits = fits.as_ref().filter(|fits| !fits.node(node))?;
        is_newer(view, node, service).then(|| fits.unmet_words(node))
    }
}

/// Whether a task of the node may have to go, by what its specs say, which are fewer than its tasks.
fn may_have_to_go(view: &View, node: &Node, allowed: &mut Allowed<'_>) -> bool {
    let (mut nano_cpus, mut memory_bytes) = (0_u64, 0_u64);
    for (service, version, count) in view.specs_on_node(node.id) {
        let Some(revision) = view.revision(service, version) else { continue };
        let reserved = &revision.spec.task.resources.reservations;
        nano_cpus = nano_cpus.saturating_add(reserved.nano_cpus.saturating_mul(u64::from(count)));
        memory_bytes = memory_bytes.saturating_add(reserved.memory_bytes.saturating_mul(u64::from(count)));
        if !reserved.generic.is_empty() || !allowed.on(service, node) {
            return true;
        }
    }
    nano_cpus > node.description.nano_cpus || memory_bytes > node.description.memory_bytes
}

/// Goes through the node's tasks, the oldest first: the latest have to go when there is too little for all.
fn enforce(view: &View, now: Timestamp, node: &Node, allowed: &mut Allowed<'_>, plan: &mut Plan) {
    let runs = |task: &&Arc<Task>| {
        (TaskState::Assigned..=TaskState::Running).contains(&task.status.state) && task.is_wanted()
    };
    let mut tasks: Vec<&Arc<Task>> = view.node_tasks(node.id).filter(runs).collect();
    tasks.sort_by_key(|task| (task.meta.created_at, task.slot, task.id));
    let mut left = Left::of(node);
    for task in tasks {
        let Some(spec) = view.task_spec(task) else { continue };
        let host = &node.description.hostname;
        let why = match allowed.unmet(task.service, node) {
            None if left.take(&spec.task.resources.reservations, task).is_some() => continue,
            None => format!("its node {host} has less than its tasks reserve"),
            Some(unmet) => unmet,
        };
        if let Some(service) = view.service(task.service) {
            plan.group(moved(view, now, service, task, &why));
        }
    }
}

/// What of a node is left for further tasks.
struct Left {
    nano_cpus: u64,
    memory_bytes: u64,
    stock: Stock,
}

impl Left {
    fn of(node: &Node) -> Self {
        let description = &node.description;
        let (nano_cpus, memory_bytes) = (description.nano_cpus, description.memory_bytes);
        Self { nano_cpus, memory_bytes, stock: Stock::whole(node) }
    }

    /// Takes what the task holds; none when there is too little of it.
    fn take(&mut self, reserved: &Reservations, task: &Task) -> Option<()> {
        let nano_cpus = self.nano_cpus.checked_sub(reserved.nano_cpus)?;
        let memory_bytes = self.memory_bytes.checked_sub(reserved.memory_bytes)?;
        self.stock.take_again(&task.generic)?;
        (self.nano_cpus, self.memory_bytes) = (nano_cpus, memory_bytes);
        Some(())
    }
}

/// The orchestrators of global services and jobs know themselves whether another task is to come.
fn moved(view: &View, now: Timestamp, service: &Service, task: &Arc<Task>, why: &str) -> Vec<Change> {
    let keeps = holds_spec(view, service, task);
    let version = if keeps { task.spec_version } else { service.spec_version };
    let next = matches!(service.spec.mode, ServiceMode::Replicated { .. })
        .then(|| replacement(view, now, service, task, version, now));
    let next = next.map(|next| Change::Create(next.into()));
    dismiss(task, TaskState::Shutdown, now, why).into_iter().chain(next).collect()
}

#[cfg(test)]
#[path = "enforcer_test.rs"]
mod tests;
