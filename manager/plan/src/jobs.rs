//! The orchestrator of jobs: ends their earlier runs, and starts the tasks of replicated ones, so many at a time.

use skep_model::{Change, Kind, Service, ServiceMode, TaskState, Timestamp};
use skep_store::View;

use crate::new_task::{dismiss, new_task};
use crate::place::{Place, free_slots};
use crate::reconciler::{Plan, Reconciler};
use crate::restart::gave_up;

/// Removes the tasks of a job's earlier runs; makes tasks for a replicated job until as many slots as it asks for have
/// one, while at most so many are under way. The tasks of global jobs are the global orchestrator's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jobs;

impl Reconciler for Jobs {
    fn name(&self) -> &'static str {
        "job orchestrator"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Service, Kind::Task]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        for service in view.services().filter(|service| service.spec.mode.is_job()) {
            let since = service.job.map_or(0, |run| run.since_spec_version);
            if view.oldest_version(service.id).is_some_and(|oldest| oldest < since) {
                let earlier = view.service_tasks(service.id).filter(|task| task.spec_version < since);
                earlier
                    .for_each(|task| plan.group(dismiss(task, TaskState::Remove, now, "the job runs anew")));
            }
            if let ServiceMode::ReplicatedJob { max_concurrent, total_completions } = service.spec.mode {
                let job = Run { view, now, service, max_concurrent, total_completions, since };
                job.plan(&mut plan);
            }
        }
        plan
    }
}

/// A replicated job's present run.
struct Run<'a> {
    view: &'a View,
    now: Timestamp,
    service: &'a Service,
    max_concurrent: u64,
    total_completions: u64,
    since: u64,
}

impl Run<'_> {
    fn plan(&self, plan: &mut Plan) {
        let (view, service) = (self.view, self.service.id);
        // Slots with a task of an earlier run become free in the next round.
        if view.wanted_versions(service).any(|(version, _)| version < self.since) {
            return;
        }
        let counts = view.task_counts(service);
        let slots = u64::from(counts.slots);
        if slots > self.total_completions {
            let surplus =
                view.wanted_tasks(service).filter(|task| u64::from(task.slot) > self.total_completions);
            let why = format!("the job was set to {} completions", self.total_completions);
            surplus.for_each(|task| plan.group(dismiss(task, TaskState::Remove, self.now, &why)));
            return;
        }
        let given_up = view.service_unsettled(service).filter(|task| gave_up(view, task)).count();
        let under_way = slots.saturating_sub(u64::from(counts.complete)).saturating_sub(given_up as u64);
        let free = self.max_concurrent.saturating_sub(under_way).min(self.total_completions - slots);
        for slot in free_slots(view, service).take(usize::try_from(free).unwrap_or(usize::MAX)) {
            let task = new_task(view, self.now, self.service, Place::slot(slot));
            plan.group([Change::Create(task.into())]);
        }
    }
}
