use std::collections::{BTreeMap, BTreeSet};

use skep_rest::{Service, Task};

use super::baseline::Baseline;
use super::count::{Count, is_good};
use super::ending::Ending;
use super::phase::phase;
use super::tasks::{ended_badly, is_current, place};

/// Failures in one place after which nobody waits on.
const FAILURES_MAX: usize = 3;
/// Refusals in one place after which nobody waits on: they seldom change by themselves.
const REJECTIONS_MAX: usize = 2;

/// How far a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceProgress {
    pub(crate) name: String,
    pub(crate) count: Count,
    /// The ids of the tasks that are as they should be.
    pub(crate) good: BTreeSet<String>,
    /// Nothing is left to do.
    pub(crate) converged: bool,
    /// What is going on, for people.
    pub(crate) phase: String,
    /// Why waiting on is of no use.
    pub(crate) ending: Option<Ending>,
}

/// Judges a service by its update, if the command led to one, and by its tasks. The service must have come with its status.
pub(crate) fn assess(service: &Service, tasks: &[Task], baseline: &Baseline) -> ServiceProgress {
    let mine: Vec<&Task> = tasks.iter().filter(|task| task.service_id == service.id).collect();
    let fresh = |task: &&Task| !baseline.tasks.contains(&task.id) && is_current(service, task);
    let new: Vec<&Task> = mine.iter().copied().filter(fresh).collect();
    let count = Count::of(service, &mine);
    let update = baseline.update_of(service);
    let is_under_way = update.is_some_and(|update| update.is_under_way());
    let ended = update.and_then(|update| Ending::of_update(service, update, &mine, baseline));
    let converged = ended.is_none() && !is_under_way && count.is_full(service) && !left_over(service, &mine);
    // While there is an update, it is the one to say what is too much of a failure.
    let ending = ended.or_else(|| if converged || is_under_way { None } else { hopeless(service, &new) });
    let phase = match &ending {
        Some(ending) => ending.phase().to_owned(),
        None if converged => if count.is_job { "complete" } else { "running" }.to_owned(),
        None => phase(count, update, &mine, &new),
    };
    let good = mine.iter().filter(|task| is_good(service, task)).map(|task| task.id.clone()).collect();
    ServiceProgress { name: service.spec.name.clone(), count, good, converged, phase, ending }
}

/// Whether a task of another spec still runs.
fn left_over(service: &Service, mine: &[&Task]) -> bool {
    let runs = |task: &&&Task| task.desired_state == "running" && task.status.state == "running";
    mine.iter().filter(runs).any(|task| !is_current(service, task))
}

/// The last failure in a place where there were too many.
fn hopeless(service: &Service, new: &[&Task]) -> Option<Ending> {
    let policy = service.spec.task_template.restart_policy.as_ref();
    let once = policy.is_some_and(|policy| policy.condition == "none");
    let mut ends: BTreeMap<(u32, &str), (usize, usize)> = BTreeMap::new();
    for task in new.iter().filter(|task| ended_badly(task)) {
        let (failed, rejected) = ends.entry(place(task)).or_default();
        *(if task.status.state == "failed" { failed } else { rejected }) += 1;
    }
    let lost = |(_, (failed, rejected)): &(_, (usize, usize))| {
        once || *failed >= FAILURES_MAX || *rejected >= REJECTIONS_MAX
    };
    let (lost_place, _) = ends.into_iter().find(lost)?;
    let last = new.iter().filter(|task| place(task) == lost_place && ended_badly(task));
    let task = last.max_by(|a, b| a.created_at.cmp(&b.created_at))?;
    Some(Ending::of_task(service, task))
}
