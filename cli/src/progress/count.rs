use std::collections::BTreeSet;

use skep_rest::{Service, Task};

use super::tasks::{is_current, place};

/// How many tasks are as they should be, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// Running ones, or of a job, complete ones.
    pub(crate) done: u64,
    pub(crate) wanted: u64,
    /// It is a job: it is over when its tasks are.
    pub(crate) is_job: bool,
}

impl Count {
    /// Of these tasks, which are the service's. The service must have come with its status.
    pub(super) fn of(service: &Service, tasks: &[&Task]) -> Self {
        let mode = service.spec.mode.clone().unwrap_or_default();
        let status = service.service_status.unwrap_or_default();
        let is_job = is_job(service);
        let wanted = if is_global(service) {
            // Those of an earlier run may be among the completed: then there are too many here, never too few.
            status.desired_tasks + status.completed_tasks
        } else if let Some(job) = mode.replicated_job {
            job.total_completions.unwrap_or(1)
        } else {
            mode.replicated.and_then(|replicated| replicated.replicas).unwrap_or(1)
        };
        let good = tasks.iter().filter(|task| is_good(service, task));
        let places: BTreeSet<(u32, &str)> = good.map(|task| place(task)).collect();
        Self { done: places.len() as u64, wanted, is_job }
    }

    /// Whether nothing is missing. A global service that no node takes is waited for: it may not have its tasks yet.
    pub(super) fn is_full(self, service: &Service) -> bool {
        self.done == self.wanted && (self.wanted > 0 || !is_global(service))
    }
}

/// Whether a task is as it should be.
pub(super) fn is_good(service: &Service, task: &Task) -> bool {
    if is_job(service) { is_complete(service, task) } else { runs(service, task) }
}

fn is_job(service: &Service) -> bool {
    let mode = service.spec.mode.as_ref();
    mode.is_some_and(|mode| mode.replicated_job.is_some() || mode.global_job.is_some())
}

fn is_global(service: &Service) -> bool {
    service.spec.mode.as_ref().is_some_and(|mode| mode.global.is_some() || mode.global_job.is_some())
}

fn runs(service: &Service, task: &Task) -> bool {
    task.desired_state == "running" && task.status.state == "running" && is_current(service, task)
}

fn is_complete(service: &Service, task: &Task) -> bool {
    let run = service.job_status.as_ref().map(|job| job.job_iteration.index);
    task.status.state == "complete"
        && task.desired_state == "complete"
        && task.job_iteration.map(|run| run.index) == run
}
