//! Brings running tasks to a changed spec, one slot at a time, the old task stopped before the new one starts (Swarm's
//! defaults: parallelism 1, stop-first).

use std::sync::Arc;

use skep_model::{Change, EndpointSpec, Kind, Service, Task, TaskState, Timestamp};
use skep_store::View;

use crate::new_task::{desire, replacement};
use crate::reconciler::{Plan, Reconciler};
use crate::slots::wanted_slots;

/// Replaces tasks whose spec is not the service's any more. It goes on to the next slot only when every replacement runs,
/// so a spec that does not work stops the rollout at its first slot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rollout;

impl Reconciler for Rollout {
    fn name(&self) -> &'static str {
        "rollout"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Service, Kind::Task]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        for service in view.services() {
            plan_service(view, now, service, &mut plan);
        }
        plan
    }
}

fn plan_service(view: &View, now: Timestamp, service: &Service, plan: &mut Plan) {
    let slots = wanted_slots(view, service.id);
    let tasks = || slots.values().flatten().copied();
    if tasks().all(|task| task.spec_version == service.spec_version) {
        return;
    }
    // What does not run serves nobody: it is replaced at once and holds nothing up.
    for task in tasks().filter(|task| is_stale(view, service, task) && !runs(task)) {
        replace(view, now, service, task, plan);
    }
    let settled =
        tasks().all(|task| is_stale(view, service, task) || task.status.state == TaskState::Running);
    if settled && let Some(task) = tasks().find(|task| is_stale(view, service, task) && runs(task)) {
        replace(view, now, service, task, plan);
    }
}

fn runs(task: &Task) -> bool {
    task.status.state == TaskState::Running
}

/// Whether a task's spec differs from the service's in anything that a task can see; another number of replicas or another
/// label of the service does not make a task stale.
fn is_stale(view: &View, service: &Service, task: &Task) -> bool {
    if task.spec_version == service.spec_version {
        return false;
    }
    let publishes = |endpoint: &EndpointSpec| !endpoint.ports.is_empty();
    view.task_spec(task).is_none_or(|old| {
        // A task gets its address for published ports when it is made.
        old.task != service.spec.task
            || publishes(&old.endpoint) != publishes(&service.spec.endpoint)
            || !old.endpoint.host_ports().eq(service.spec.endpoint.host_ports())
    })
}

fn replace(view: &View, now: Timestamp, service: &Service, task: &Arc<Task>, plan: &mut Plan) {
    let next = replacement(view, now, service, task, now);
    let retired = desire(task, TaskState::Shutdown);
    plan.group(retired.into_iter().chain([Change::Create(next.into())]));
}
