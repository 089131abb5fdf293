use std::collections::{BTreeMap, BTreeSet};

use skep_rest::{Service, Task};

/// Failures of one slot after which nobody waits on.
const FAILURES_MAX: usize = 3;
/// Refusals of one slot after which nobody waits on: they seldom change by themselves.
const REJECTIONS_MAX: usize = 2;

/// How far a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceProgress {
    pub(crate) name: String,
    pub(crate) desired: u64,
    pub(crate) running: u64,
    /// Nothing is left to do.
    pub(crate) converged: bool,
    /// What is going on, for people.
    pub(crate) phase: String,
    /// Why waiting on is of no use.
    pub(crate) hopeless: Option<String>,
}

/// Judges a service by its tasks. Ends of tasks that were `known` before do not count against it.
pub(crate) fn assess(service: &Service, tasks: &[Task], known: &BTreeSet<String>) -> ServiceProgress {
    let mine: Vec<&Task> = tasks.iter().filter(|task| task.service_id == service.id).collect();
    let current = |task: &Task| task.spec == service.spec.task_template;
    let wanted = |task: &&&Task| task.desired_state == "running";
    let running: BTreeSet<u32> = mine
        .iter()
        .filter(wanted)
        .filter(|task| current(task) && task.status.state == "running")
        .map(|task| task.slot)
        .collect();
    let running = running.len() as u64;
    let desired = replicas(service);
    let left_over = mine.iter().filter(wanted).any(|task| !current(task) && task.status.state == "running");
    let new: Vec<&Task> =
        mine.iter().copied().filter(|task| !known.contains(&task.id) && current(task)).collect();
    let converged = running == desired && !left_over;
    ServiceProgress {
        name: service.spec.name.clone(),
        desired,
        running,
        converged,
        phase: if converged { "running".to_owned() } else { phase(&mine, &new) },
        hopeless: if converged { None } else { hopeless(service, &new) },
    }
}

fn replicas(service: &Service) -> u64 {
    let replicated = service.spec.mode.as_ref().and_then(|mode| mode.replicated.as_ref());
    replicated.and_then(|replicated| replicated.replicas).unwrap_or(1)
}

fn ended_badly(task: &Task) -> bool {
    matches!(task.status.state.as_str(), "failed" | "rejected")
}

/// What the tasks do that do not run yet, and the newest failure.
fn phase(mine: &[&Task], new: &[&Task]) -> String {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let mut open =
        mine.iter().filter(|task| task.desired_state != "shutdown" && task.desired_state != "remove");
    for task in open.clone().filter(|task| task.status.state != "running" && !ended_badly(task)) {
        *states.entry(&task.status.state).or_default() += 1;
    }
    let mut words: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let waiting = open.rfind(|task| task.status.state == "pending" && !task.status.err.is_empty());
    let failed =
        new.iter().copied().filter(|task| ended_badly(task)).max_by(|a, b| a.created_at.cmp(&b.created_at));
    words.extend(waiting.map(|task| task.status.err.clone()));
    words.extend(failed.map(|task| format!("{} {}: {}", place(task), task.status.state, reason(task))));
    if words.is_empty() { "waiting for tasks".to_owned() } else { words.join(", ") }
}

fn hopeless(service: &Service, new: &[&Task]) -> Option<String> {
    let policy = service.spec.task_template.restart_policy.as_ref();
    let once = policy.is_some_and(|policy| policy.condition == "none");
    let mut ends: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    for task in new.iter().filter(|task| ended_badly(task)) {
        let (failed, rejected) = ends.entry(task.slot).or_default();
        *(if task.status.state == "failed" { failed } else { rejected }) += 1;
    }
    let lost = |(_, (failed, rejected)): &(&u32, &(usize, usize))| {
        once || *failed >= FAILURES_MAX || *rejected >= REJECTIONS_MAX
    };
    let (slot, _) = ends.iter().find(lost)?;
    let last = new.iter().filter(|task| task.slot == *slot && ended_badly(task));
    let task = last.max_by(|a, b| a.created_at.cmp(&b.created_at))?;
    let name = &service.spec.name;
    Some(format!("task {name}{} {}: {}", place(task), task.status.state, reason(task)))
}

fn place(task: &Task) -> String {
    format!(".{}", task.slot)
}

fn reason(task: &Task) -> &str {
    let status = &task.status;
    if status.err.is_empty() { &status.message } else { &status.err }
}

#[cfg(test)]
mod tests {
    use skep_rest::{Replicated, RestartPolicy, ServiceMode, TaskStatus};

    use super::*;

    fn service(replicas: u64) -> Service {
        let mut service = Service { id: "s".into(), ..Service::default() };
        service.spec.name = "app_web".into();
        let replicated = Some(Replicated { replicas: Some(replicas) });
        service.spec.mode = Some(ServiceMode { replicated, ..ServiceMode::default() });
        service.spec.task_template.container_spec.image = "new".into();
        service
    }

    fn task(service: &Service, slot: u32, state: &str, number: u32) -> Task {
        let desired_state = if matches!(state, "failed" | "rejected") { "shutdown" } else { "running" };
        Task {
            id: format!("t{slot}-{number}"),
            service_id: service.id.clone(),
            slot,
            spec: service.spec.task_template.clone(),
            created_at: format!("2026-01-01T00:00:0{number}Z"),
            desired_state: desired_state.into(),
            status: TaskStatus { state: state.into(), err: format!("why {number}"), ..TaskStatus::default() },
            ..Task::default()
        }
    }

    #[test]
    fn all_running_is_converged() {
        let service = service(2);
        let tasks = [task(&service, 1, "running", 1), task(&service, 2, "running", 1)];
        let progress = assess(&service, &tasks, &BTreeSet::new());
        assert!(progress.converged);
        assert_eq!((progress.running, progress.desired), (2, 2));
    }

    #[test]
    fn tasks_of_the_old_spec_do_not_count() {
        let service = service(1);
        let mut old = task(&service, 1, "running", 1);
        old.spec.container_spec.image = "old".into();
        let progress = assess(&service, &[old.clone()], &BTreeSet::new());
        assert!(!progress.converged && progress.running == 0);
        let both = [old, task(&service, 1, "running", 2)];
        assert!(!assess(&service, &both, &BTreeSet::new()).converged, "the old one must go first");
    }

    #[test]
    fn repeated_failures_end_the_wait() {
        let service = service(1);
        let mut tasks: Vec<Task> = (1..3).map(|number| task(&service, 1, "failed", number)).collect();
        let progress = assess(&service, &tasks, &BTreeSet::new());
        assert_eq!(progress.hopeless, None);
        assert!(progress.phase.contains("why 2"), "{}", progress.phase);
        tasks.push(task(&service, 1, "failed", 3));
        let hopeless = assess(&service, &tasks, &BTreeSet::new()).hopeless.unwrap();
        assert_eq!(hopeless, "task app_web.1 failed: why 3");
        let known = tasks.iter().map(|task| task.id.clone()).collect();
        assert_eq!(assess(&service, &tasks, &known).hopeless, None, "earlier failures do not count");
    }

    #[test]
    fn a_task_that_is_not_restarted_fails_at_once() {
        let mut service = service(1);
        service.spec.task_template.restart_policy =
            Some(RestartPolicy { condition: "none".into(), ..RestartPolicy::default() });
        let tasks = [task(&service, 1, "failed", 1)];
        assert!(assess(&service, &tasks, &BTreeSet::new()).hopeless.is_some());
    }

    #[test]
    fn what_is_waited_for_is_told() {
        let service = service(2);
        let tasks = [task(&service, 1, "preparing", 1), task(&service, 2, "pending", 2)];
        let phase = assess(&service, &tasks, &BTreeSet::new()).phase;
        assert_eq!(phase, "1 pending, 1 preparing, why 2");
        assert_eq!(assess(&service, &[], &BTreeSet::new()).phase, "waiting for tasks");
    }
}
