//! Updates and rollbacks: brings a service's tasks to its present spec, so many slots at a time.

mod slot;
mod staleness;
mod step;
mod trial;
mod verdict;

use skep_model::{Kind, Service, Task, Timestamp, UpdateState};
use skep_store::View;

use crate::reconciler::{Plan, Reconciler};
use staleness::Staleness;
use step::plan_service;

/// Replaces tasks that lack something of their service's spec. How far it is stands in the service and in the tasks, so
/// that a new leader goes on. A slot is done when its new task runs; when too many fail, it pauses or goes back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Updater;

impl Reconciler for Updater {
    fn name(&self) -> &'static str {
        "updater"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Service, Kind::Task, Kind::Node]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        for service in view.services() {
            let at_rest = service.update.as_ref().is_some_and(|update| !update.state.is_running());
            if !at_rest && !service.spec.mode.is_job() {
                plan_service(view, now, service, &mut plan);
            }
        }
        plan
    }
}

/// Whether a task that is to be replaced keeps its spec: an update is on its way to its slot, or was paused before.
pub(crate) fn holds_spec(view: &View, service: &Service, task: &Task) -> bool {
    let ended = [UpdateState::Completed, UpdateState::RollbackCompleted];
    let under_way = service.update.as_ref().is_some_and(|update| !ended.contains(&update.state));
    under_way && Staleness::new(view, service).is_stale(task)
}
