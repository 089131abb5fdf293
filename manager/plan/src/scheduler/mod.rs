//! The scheduler: gives each pending task a node, or says why it cannot.

mod branch;
mod explain;
mod filter;
mod generic;
mod group;
mod needs;
mod node_set;
mod refusal;
mod refusals;
mod volumes;

#[cfg(test)]
mod constraint_test;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod scheduler_test;
#[cfg(test)]
mod spread_test;
#[cfg(test)]
mod volumes_test;

use std::sync::Arc;

use skep_model::{Change, Kind, Object, ServiceId, ServiceSpec, Task, TaskState, TaskStatus, Timestamp};
use skep_store::View;

pub use explain::{Room, Verdict, explain};
pub(crate) use generic::Stock;
pub(crate) use group::Group;
pub(crate) use node_set::NodeSet;
pub use refusal::{Filter, Lack, Refusal};
pub use refusals::Refusals;

use crate::driver::ROUND_OBJECTS_MAX;
use crate::reconciler::{Plan, Reconciler};
use group::{Chosen, Text};

/// Spreads tasks: over the branches of the spread preferences; there the node with the fewest tasks of the service, then with the
/// fewest tasks at all, wins; nodes on which the service's tasks kept failing come last.
///
/// One plan places no more than the driver writes in a round: what it costs depends on how many tasks wait and how many nodes there
/// are, not on how many tasks run.
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
        let mut groups = view.waiting_groups(TaskState::Pending).peekable();
        if groups.peek().is_none() {
            return Plan::default();
        }
        let known = groups.filter_map(|(service, version)| {
            let revision = view.revision(service, version)?;
            Some((service, version, revision.spec.as_ref()))
        });
        // Tasks that have only one node to go to come before those that have a choice.
        let (bound, free): (Vec<Known<'_>>, Vec<Known<'_>>) = known.partition(|each| each.2.mode.is_global());
        let mut round = Round { nodes: NodeSet::new(view), now, placed: Vec::new(), refused: Vec::new() };
        for each in bound.into_iter().chain(free) {
            round.plan(each);
        }
        round.into_plan()
    }
}

/// A service, a spec version, and the spec.
type Known<'v> = (ServiceId, u64, &'v ServiceSpec);

/// What one plan decides.
struct Round<'v> {
    nodes: NodeSet<'v>,
    now: Timestamp,
    placed: Vec<Change>,
    refused: Vec<Change>,
}

impl<'v> Round<'v> {
    fn plan(&mut self, (service, version, spec): Known<'v>) {
        if self.is_full() {
            return;
        }
        let mut group = Group::new(&self.nodes, service, version, spec, self.now);
        let view = self.nodes.view;
        let tasks = view.waiting_of(TaskState::Pending, service, version).filter(|task| task.is_wanted());
        if group.needs.volumes.is_empty() {
            self.place_all(&mut group, tasks);
            return;
        }
        // Those whose volume is somewhere come first: nobody else shall take their place.
        let (homed, new): (Vec<&Arc<Task>>, Vec<&Arc<Task>>) =
            tasks.partition(|task| group::home_of(&self.nodes, &group, task, self.now).is_some());
        self.place_all(&mut group, homed.into_iter().chain(new));
    }

    fn place_all(&mut self, group: &mut Group, tasks: impl Iterator<Item = &'v Arc<Task>>) {
        for task in tasks {
            if self.is_full() {
                return;
            }
            match self.place(group, task) {
                Ok(chosen) => self.placed.push(assigned(task, chosen, self.now)),
                Err(text) if self.refused.len() < ROUND_OBJECTS_MAX => {
                    self.refused.extend(refused(task, &text))
                }
                Err(_) => {}
            }
        }
    }

    fn place(&mut self, group: &mut Group, task: &Task) -> Result<Chosen, Text> {
        if let Some(node) = task.node {
            return group.check(&mut self.nodes, node);
        }
        if let Some(home) = group::home_of(&self.nodes, group, task, self.now) {
            return group.send_home(&mut self.nodes, home);
        }
        // What was said of one is so for all like it.
        match group.refused() {
            Some(text) => Err(text.clone()),
            None => group.choose(&mut self.nodes),
        }
    }

    fn is_full(&self) -> bool {
        self.placed.len() >= ROUND_OBJECTS_MAX
    }

    /// Nodes first, then reasons, as many as one round takes.
    fn into_plan(self) -> Plan {
        let mut plan = Plan::default();
        let changes = self.placed.into_iter().chain(self.refused).take(ROUND_OBJECTS_MAX);
        changes.for_each(|change| plan.group([change]));
        plan
    }
}

fn assigned(task: &Task, (node, generic): Chosen, now: Timestamp) -> Change {
    let status = TaskStatus {
        state: TaskState::Assigned,
        at: now,
        message: "scheduler assigned task to node".into(),
        ..TaskStatus::default()
    };
    Change::Update(Object::Task(Arc::new(Task { node: Some(node), status, generic, ..task.clone() })))
}

/// The reason, where another one stands there; numbers that changed are no other reason.
fn refused(task: &Task, text: &Text) -> Option<Change> {
    let rest = task.status.error.strip_prefix(text.headline.as_str());
    if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':')) {
        return None;
    }
    let status = TaskStatus { error: text.whole.as_str().into(), ..task.status.clone() };
    Some(Change::Update(Object::Task(Arc::new(Task { status, ..task.clone() }))))
}
