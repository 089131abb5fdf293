//! Jobs: tasks that run to their end.

use skep_model::RestartPolicy;

use super::*;

fn job(max_concurrent: u64, total_completions: u64) -> ServiceSpec {
    let mut job = spec(0);
    job.mode = ServiceMode::ReplicatedJob { max_concurrent, total_completions };
    job.task.restart = RestartPolicy {
        condition: RestartCondition::OnFailure,
        delay: Duration::ZERO,
        ..RestartPolicy::default()
    };
    job
}

fn runs(task: &Task) -> bool {
    task.status.state == TaskState::Running
}

impl World {
    fn done(&self) -> usize {
        self.count(Task::is_done)
    }
}

#[test]
fn max_concurrent_tasks_at_a_time_until_all_are_done() {
    let mut world = World::new(2);
    world.deploy(job(2, 5));
    for done in [2, 4, 5] {
        world.work();
        assert!(world.running() <= 2);
        world.report(TaskState::Complete, runs);
        assert_eq!(world.done(), done);
    }
    world.finish();
    let slots: Vec<u32> = world
        .view()
        .tasks()
        .map(|task| task.slot)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    assert_eq!((world.count(|_| true), slots), (5, vec![1, 2, 3, 4, 5]), "unique slots, and no more tasks");
    assert!(world.view().tasks().all(|task| task.desired == TaskState::Complete));
}

#[test]
fn a_failed_task_of_a_job_is_tried_again_in_its_slot() {
    let mut world = World::new(1);
    world.deploy(job(1, 2));
    world.work();
    world.report(TaskState::Failed, runs);
    world.finish();
    assert_eq!((world.running(), world.done()), (1, 0));
    assert!(world.view().tasks().all(|task| task.slot == 1));
    world.report(TaskState::Complete, runs);
    world.work();
    world.report(TaskState::Complete, runs);
    assert_eq!(world.done(), 2);
}

#[test]
fn a_job_goes_on_with_other_slots_when_one_is_given_up() {
    let mut world = World::new(1);
    let mut once = job(1, 2);
    once.task.restart.condition = RestartCondition::None;
    world.deploy(once);
    world.work();
    world.report(TaskState::Failed, runs);
    world.work();
    assert_eq!(world.running(), 1, "the next slot");
    world.report(TaskState::Complete, runs);
    world.finish();
    assert_eq!((world.running(), world.done(), world.count(|_| true)), (0, 1, 2));
}

#[test]
fn a_new_iteration_removes_the_tasks_of_the_last() {
    let mut world = World::new(1);
    world.deploy(job(2, 2));
    world.work();
    world.report(TaskState::Complete, |task| runs(task) && task.slot == 1);
    let first: Vec<_> = world.view().tasks().map(|task| task.id).collect();
    let mut labelled = job(2, 2);
    labelled.labels.insert("a".into(), "b".into());
    world.deploy(labelled.clone());
    assert_eq!(world.service().job.unwrap().iteration, 0, "no task sees that");
    labelled.task.force_update += 1;
    world.deploy(labelled);
    let run = world.service().job.unwrap();
    assert_eq!((run.iteration, run.since_spec_version, run.started_at), (1, 3, world.now));
    world.work();
    assert_eq!((world.running(), world.done()), (2, 0));
    assert!(first.iter().all(|&id| world.view().task(id).is_none()), "the old ones are forgotten");
    assert_eq!(world.service().update, None, "a job is not updated in steps");
}

#[test]
fn fewer_completions_give_up_the_last_slots() {
    let mut world = World::new(1);
    world.deploy(job(4, 4));
    world.work();
    world.deploy(job(4, 2));
    world.work();
    assert_eq!(world.running(), 2);
    assert!(world.view().tasks().all(|task| task.slot <= 2));
}

#[test]
fn a_job_moves_from_a_lost_node_unless_it_is_done() {
    let mut world = World::new(2);
    world.deploy(job(2, 2));
    world.work();
    world.report(TaskState::Complete, |task| runs(task) && task.node == Some(NodeId::new(1)));
    world.change_node(1, |node| node.status.state = NodeState::Down);
    assert_eq!((world.count(|_| true), world.done()), (2, 1));
    world.change_node(1, |node| node.status.state = NodeState::Ready);
    world.change_node(2, |node| node.status.state = NodeState::Down);
    world.work();
    assert_eq!(world.count(|task| runs(task) && task.node == Some(NodeId::new(1))), 1);
}

#[test]
fn a_global_job_runs_once_on_each_node() {
    let mut world = World::new(2);
    let global = ServiceSpec { mode: ServiceMode::GlobalJob, ..job(0, 0) };
    world.deploy(global.clone());
    world.work();
    assert_eq!(world.running(), 2);
    world.report(TaskState::Complete, runs);
    world.finish();
    world.change_node(1, |node| node.spec.availability = skep_model::Availability::Drain);
    world.change_node(1, |node| node.spec.availability = skep_model::Availability::Active);
    assert_eq!((world.count(|_| true), world.done()), (2, 2), "once is enough");
    world.write(vec![Change::Create(node(3).into())]);
    world.work();
    assert_eq!(world.running(), 1, "a node that comes later runs it, too");
    let mut again = global;
    again.task.force_update = 1;
    world.deploy(again);
    world.work();
    assert_eq!((world.running(), world.done()), (3, 0));
}
