//! The scheduler: gives each pending task a node, or says why it cannot.

mod filter;
mod node_set;
mod refusals;

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_model::{Change, Kind, Object, ServiceId, Task, TaskState, TaskStatus, Timestamp};
use skep_store::View;

pub use refusals::Refusals;

use crate::place::takes_tasks;
use crate::reconciler::{Plan, Reconciler};
use node_set::NodeSet;

/// Spreads tasks: the node with the fewest tasks of the service, then with the fewest tasks at all, wins; nodes on which
/// the service's tasks kept failing come last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scheduler;

impl Reconciler for Scheduler {
    fn name(&self) -> &'static str {
        "scheduler"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Task, Kind::Node, Kind::Service]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let mut groups: BTreeMap<(ServiceId, u64), Vec<&Arc<Task>>> = BTreeMap::new();
        for task in view.waiting_tasks(TaskState::Pending).filter(|task| task.is_wanted()) {
            groups.entry((task.service, task.spec_version)).or_default().push(task);
        }
        if groups.is_empty() {
            return plan;
        }
        let mut nodes = NodeSet::new(view);
        for ((service, spec_version), mut tasks) in groups {
            let Some(spec) = view.revision(service, spec_version).map(|revision| &revision.spec) else {
                continue;
            };
            tasks.sort_unstable_by_key(|task| task.slot);
            let mut choice = nodes.choose_for(view, service, spec_version, spec, now);
            for task in tasks {
                // A global service's task has its place from the beginning.
                if let Some(node) = task.node {
                    let takes = view.node(node).is_some_and(|node| takes_tasks(node));
                    plan.group(takes.then(|| assigned(task, node, now)));
                    continue;
                }
                let change = match choice.next_node() {
                    Ok(node) => Some(assigned(task, node, now)),
                    Err(refusals) => refused(task, &refusals),
                };
                change.into_iter().for_each(|change| plan.group([change]));
            }
        }
        plan
    }
}

fn assigned(task: &Task, node: skep_model::NodeId, now: Timestamp) -> Change {
    let status = TaskStatus {
        state: TaskState::Assigned,
        at: now,
        message: "scheduler assigned task to node".into(),
        ..TaskStatus::default()
    };
    Change::Update(Object::Task(Arc::new(Task { node: Some(node), status, ..task.clone() })))
}

fn refused(task: &Task, refusals: &Refusals) -> Option<Change> {
    let error = refusals.to_string();
    if *task.status.error == *error {
        return None;
    }
    let status = TaskStatus { error: error.into(), ..task.status.clone() };
    Some(Change::Update(Object::Task(Arc::new(Task { status, ..task.clone() }))))
}
