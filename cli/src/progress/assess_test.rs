//! How far services are.

use skep_rest::{
    JobStatus, Nothing, Replicated, ReplicatedJob, RestartPolicy, Service, ServiceMode, ServiceStatus, Task,
    TaskStatus, UpdateStatus, Version,
};

use super::assess::{ServiceProgress, assess};
use super::baseline::Baseline;
use super::ending::Ending;

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
    let progress = assess(&service, &tasks, &Baseline::default());
    assert!(progress.converged);
    assert_eq!((progress.count.done, progress.count.wanted), (2, 2));
}

#[test]
fn tasks_of_the_old_spec_do_not_count() {
    let service = service(1);
    let mut old = task(&service, 1, "running", 1);
    old.spec.container_spec.image = "old".into();
    let progress = assess(&service, &[old.clone()], &Baseline::default());
    assert!(!progress.converged && progress.count.done == 0);
    let both = [old, task(&service, 1, "running", 2)];
    assert!(!assess(&service, &both, &Baseline::default()).converged, "the old one must go first");
}

#[test]
fn repeated_failures_end_the_wait() {
    let service = service(1);
    let mut tasks: Vec<Task> = (1..3).map(|number| task(&service, 1, "failed", number)).collect();
    let progress = assess(&service, &tasks, &Baseline::default());
    assert_eq!(progress.ending, None);
    assert!(progress.phase.contains("why 2"), "{}", progress.phase);
    tasks.push(task(&service, 1, "failed", 3));
    let Some(Ending::Failing(text)) = assess(&service, &tasks, &Baseline::default()).ending else { panic!() };
    assert!(
        text.starts_with("Service app_web does not come to run: task app_web.1 failed: why 3\n"),
        "{text}"
    );
    let known = tasks.iter().map(|task| task.id.clone()).collect();
    let baseline = Baseline { tasks: known, ..Baseline::default() };
    assert_eq!(assess(&service, &tasks, &baseline).ending, None, "earlier failures do not count");
}

#[test]
fn a_task_that_is_not_restarted_fails_at_once() {
    let mut service = service(1);
    service.spec.task_template.restart_policy =
        Some(RestartPolicy { condition: "none".into(), ..RestartPolicy::default() });
    let tasks = [task(&service, 1, "failed", 1)];
    assert!(assess(&service, &tasks, &Baseline::default()).ending.is_some());
}

#[test]
fn what_is_waited_for_is_told() {
    let service = service(2);
    let tasks = [task(&service, 1, "preparing", 1), task(&service, 2, "pending", 2)];
    let phase = assess(&service, &tasks, &Baseline::default()).phase;
    assert_eq!(phase, "1 pending, 1 preparing, why 2");
    assert_eq!(assess(&service, &[], &Baseline::default()).phase, "waiting for tasks");
}

fn progress(service: &Service, tasks: &[Task]) -> ServiceProgress {
    assess(service, tasks, &Baseline::default())
}

fn global(desired_tasks: u64) -> Service {
    let mut service = service(1);
    service.spec.mode = Some(ServiceMode { global: Some(Nothing {}), ..ServiceMode::default() });
    service.service_status = Some(ServiceStatus { desired_tasks, ..ServiceStatus::default() });
    service
}

#[test]
fn a_global_service_has_a_task_on_each_node() {
    let on_node = |node: &str| Task { node_id: node.into(), ..task(&global(2), 0, "running", 1) };
    let tasks = [on_node("a"), on_node("b")];
    assert!(progress(&global(2), &tasks).converged);
    let one = progress(&global(2), &tasks[..1]);
    assert_eq!((one.converged, one.count.done), (false, 1));
    assert!(!progress(&global(0), &[]).converged, "there may be tasks soon");
}

fn updating(state: &str) -> Service {
    let mut service = service(2);
    service.update_status = Some(UpdateStatus { state: state.into(), ..UpdateStatus::default() });
    service
}

#[test]
fn an_update_is_awaited_to_its_end() {
    let tasks = [task(&service(2), 1, "running", 1), task(&service(2), 2, "running", 2)];
    let now = progress(&updating("updating"), &tasks);
    assert_eq!((now.converged, now.phase.as_str()), (false, "updating: watching the new tasks"));
    let starting = [tasks[0].clone(), task(&service(2), 2, "starting", 2)];
    assert_eq!(progress(&updating("updating"), &starting).phase, "updating: 1 starting");
    assert_eq!(progress(&updating("rollback_started"), &starting).phase, "rolling back: 1 starting");
    assert!(progress(&updating("completed"), &tasks).converged);
    let paused = progress(&updating("paused"), &tasks);
    assert!(matches!(paused.ending, Some(Ending::Paused(_))) && !paused.converged);
    let back = progress(&updating("rollback_completed"), &tasks);
    assert!(matches!(back.ending, Some(Ending::RolledBack(_))));
    let asked = Baseline { is_rollback: true, ..Baseline::default() };
    assert!(assess(&updating("rollback_completed"), &tasks, &asked).converged);
}

#[test]
fn what_fails_while_there_is_an_update_is_left_to_it() {
    let tasks: Vec<Task> = (1..9).map(|number| task(&service(2), 1, "failed", number)).collect();
    assert_eq!(progress(&updating("updating"), &tasks).ending, None);
    assert!(matches!(progress(&updating("completed"), &tasks).ending, Some(Ending::Failing(_))));
}

#[test]
fn a_task_that_may_stay_where_it_is_counts() {
    let mut service = service(1);
    let stays = task(&service, 1, "running", 1);
    service.spec.task_template.placement.get_or_insert_default().max_replicas = 3;
    assert!(progress(&service, &[stays]).converged);
}

#[test]
fn a_job_is_over_when_all_its_tasks_are() {
    let mut job = service(1);
    let work = ReplicatedJob { max_concurrent: Some(1), total_completions: Some(2) };
    job.spec.mode = Some(ServiceMode { replicated_job: Some(work), ..ServiceMode::default() });
    let run = Version { index: 1 };
    job.job_status = Some(JobStatus { job_iteration: run, ..JobStatus::default() });
    let template = job.clone();
    let of_job = |slot, state: &str| Task {
        desired_state: "complete".into(),
        job_iteration: Some(run),
        ..task(&template, slot, state, 1)
    };
    let mut tasks = vec![of_job(1, "complete"), of_job(2, "running")];
    let half = progress(&job, &tasks);
    assert_eq!((half.converged, half.count.done, half.phase.as_str()), (false, 1, "1 running"));
    tasks[1] = of_job(2, "complete");
    assert_eq!(progress(&job, &tasks).phase, "complete");
    tasks[0].job_iteration = None;
    assert!(!progress(&job, &tasks).converged, "one of an earlier run");

    job.spec.mode = Some(ServiceMode { global_job: Some(Nothing {}), ..ServiceMode::default() });
    let status =
        |desired_tasks, completed_tasks| ServiceStatus { running_tasks: 0, desired_tasks, completed_tasks };
    job.service_status = Some(status(1, 1));
    tasks[0] = Task { node_id: "a".into(), ..of_job(0, "complete") };
    tasks[1] = Task { node_id: "b".into(), ..of_job(0, "complete") };
    assert!(!progress(&job, &tasks[..1]).converged);
    job.service_status = Some(status(0, 2));
    assert!(progress(&job, &tasks).converged);
}
