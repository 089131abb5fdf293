//! Updates and rollbacks (Swarm's TestUpdater and its kin).

use skep_model::{ContainerStatus, FailureAction, Placement, UpdateConfig, UpdateOrder, UpdateState};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn image(tag: u32, replicas: u64, update: UpdateConfig) -> ServiceSpec {
    let mut spec = spec(replicas);
    spec.task.container.image = format!("web:{tag}");
    spec.task.restart.delay = Duration::ZERO;
    spec.update = Some(update);
    spec
}

fn config() -> UpdateConfig {
    UpdateConfig::default()
}

impl World {
    /// A running service of `web:1`, changed to `web:2`.
    fn updating(nodes: u128, replicas: u64, update: UpdateConfig) -> Self {
        let mut world = Self::new(nodes);
        world.deploy(image(1, replicas, update));
        world.work();
        world.deploy(image(2, replicas, update));
        world
    }

    /// Tasks of this image that managers want and that are in this state.
    fn tasks_of(&self, tag: u32, state: TaskState) -> usize {
        let (view, image) = (self.view(), format!("web:{tag}"));
        let has = |task: &Task| view.task_spec(task).is_some_and(|spec| spec.task.container.image == image);
        self.count(|task| task.is_wanted() && task.status.state == state && has(task))
    }

    fn runs(&self, tag: u32) -> usize {
        self.tasks_of(tag, TaskState::Running)
    }

    /// One round of the agents: what is to stop has stopped, then what is to run ends in `state`.
    fn turn(&mut self, state: TaskState) {
        self.report(TaskState::Shutdown, |task| {
            task.desired > TaskState::Complete && !task.status.state.is_ended()
        });
        self.report(state, is_to_run);
    }
}

#[test]
fn a_changed_spec_replaces_one_task_at_a_time() {
    let mut world = World::updating(1, 3, config());
    assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), 1);
    world.report(TaskState::Shutdown, |task| task.desired == TaskState::Shutdown);
    assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), 1, "the next waits for the first");
    world.work();
    assert_eq!((world.runs(1), world.runs(2)), (0, 3));
    assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), 3);
    assert_eq!(world.view().revisions().count(), 2, "history still names the old spec");
}

#[test]
fn updater_works_on_as_many_slots_as_its_parallelism() {
    for (parallelism, begun) in [(1, 1), (2, 2), (0, 5)] {
        let mut world = World::updating(2, 5, UpdateConfig { parallelism, ..config() });
        assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), begun);
        assert_eq!(world.update().slots, 5);
        world.finish();
        assert_eq!((world.runs(1), world.runs(2)), (0, 5));
        assert_eq!(world.update().state, UpdateState::Completed);
    }
}

#[test]
fn updater_waits_for_the_delay_after_each_slot_and_watches_the_last() {
    let mut world = World::updating(1, 2, UpdateConfig { delay: 3 * SECOND, ..config() });
    world.work();
    assert_eq!((world.runs(1), world.runs(2)), (1, 1));
    world.wait(2 * SECOND);
    assert_eq!((world.runs(1), world.runs(2)), (1, 1));
    world.wait(SECOND);
    world.work();
    assert_eq!((world.runs(1), world.runs(2)), (0, 2));
    world.wait(4 * SECOND);
    assert_eq!(world.update().state, UpdateState::Updating, "the last one is watched");
    assert_eq!(world.update().completed_at, None);
    world.wait(SECOND);
    let done = world.update();
    assert_eq!((done.state, done.message.as_str()), (UpdateState::Completed, "update completed"));
    assert_eq!(done.completed_at, Some(world.now));
}

#[test]
fn updater_failure_action_pause() {
    let mut world = World::updating(1, 3, config());
    world.turn(TaskState::Preparing);
    let failed = world.view().tasks().find(|task| task.status.state == TaskState::Preparing).unwrap().id;
    let log_tail = vec!["no such file".to_owned()];
    let container = ContainerStatus { log_tail: log_tail.clone(), ..ContainerStatus::default() };
    let mut task = Task::clone(world.view().task(failed).unwrap());
    task.status = TaskStatus {
        state: TaskState::Failed,
        at: world.now,
        error: "task: non-zero exit (1)".into(),
        container: Some(Box::new(container)),
        ..TaskStatus::default()
    };
    world.write(vec![Change::Update(task.into())]);
    world.settle();
    let paused = world.update();
    assert_eq!((paused.state, paused.failures, paused.slots), (UpdateState::Paused, 1, 3));
    let because = "update paused due to failure or early termination of task";
    assert_eq!(paused.message, format!("{because} {failed}: task: non-zero exit (1)"));
    let first = *paused.first_failure.unwrap();
    assert_eq!((first.task, first.log_tail), (Some(failed), log_tail));
    world.finish();
    assert_eq!((world.runs(1), world.runs(2)), (2, 1), "the failed one is tried again, the others stay");
    world.deploy(image(3, 3, config()));
    world.finish();
    assert_eq!((world.runs(3), world.update().state), (3, UpdateState::Completed), "a new update goes on");
}

#[test]
fn a_paused_update_does_not_spread_by_restarts() {
    let mut world = World::updating(2, 4, config());
    world.turn(TaskState::Failed);
    assert_eq!(world.update().state, UpdateState::Paused);
    world.report(TaskState::Failed, |task| task.status.state == TaskState::Running);
    world.work();
    assert_eq!((world.runs(1), world.runs(2)), (3, 1), "each slot keeps the spec that it had");
    world.change_node(1, |node| node.status.state = NodeState::Down);
    world.work();
    world.wait(SECOND);
    let view = world.view();
    let moved = |task: &&Arc<Task>| task.is_wanted() && task.status.state == TaskState::Running;
    assert_eq!(view.node_tasks(NodeId::new(2)).filter(moved).count(), 4);
    assert_eq!((world.runs(1), world.runs(2)), (3, 1));
}

#[test]
fn updater_failure_action_continue() {
    let update = UpdateConfig { failure_action: FailureAction::Continue, ..config() };
    let mut world = World::updating(1, 3, update);
    for _ in 0..12 {
        world.turn(TaskState::Failed);
    }
    assert_eq!(world.runs(1), 0, "failures hold nothing up");
    assert_eq!((world.update().failures, world.update().state), (3, UpdateState::Updating));
    world.finish();
    assert_eq!((world.runs(2), world.update().state), (3, UpdateState::Completed));
}

#[test]
fn updater_bears_failures_up_to_the_ratio() {
    let update = UpdateConfig { max_failure_ppm: 300_000, parallelism: 1, ..config() };
    let mut world = World::updating(1, 10, update);
    for _ in 0..3 {
        world.turn(TaskState::Failed);
    }
    assert_eq!((world.update().failures, world.update().state), (3, UpdateState::Updating));
    world.turn(TaskState::Failed);
    assert_eq!((world.update().failures, world.update().state), (4, UpdateState::Paused));
}

#[test]
fn updater_counts_what_ends_within_the_monitor_time_and_nothing_later() {
    let mut world = World::updating(1, 1, UpdateConfig { monitor: 10 * SECOND, ..config() });
    world.work();
    world.wait(9 * SECOND);
    world.report(TaskState::Complete, |task| task.status.state == TaskState::Running);
    assert_eq!(world.update().state, UpdateState::Paused, "what is to run for ever fails when it ends well");
    let mut world = World::updating(1, 1, UpdateConfig { monitor: 10 * SECOND, ..config() });
    world.work();
    world.wait(10 * SECOND);
    assert_eq!(world.update().state, UpdateState::Completed);
    world.report(TaskState::Failed, |task| task.status.state == TaskState::Running);
    world.finish();
    assert_eq!((world.runs(2), world.update().state), (1, UpdateState::Completed));
}

#[test]
fn updater_order_start_first() {
    let mut world = World::updating(1, 2, UpdateConfig { order: UpdateOrder::StartFirst, ..config() });
    assert_eq!(world.runs(1), 2);
    assert_eq!(world.count(|task| task.desired == TaskState::Running), 3, "one beside the old ones");
    world.report(TaskState::Running, is_to_run);
    assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), 1, "now the old one may go");
    world.finish();
    assert_eq!((world.runs(1), world.runs(2)), (0, 2));
    world.deploy(image(3, 2, UpdateConfig { order: UpdateOrder::StartFirst, ..config() }));
    world.report(TaskState::Failed, is_to_run);
    assert_eq!((world.runs(2), world.update().state), (2, UpdateState::Paused), "nothing was given up");
    world.finish();
    assert_eq!((world.runs(2), world.runs(3)), (2, 0), "and no slot is left with two tasks");
}

#[test]
fn updater_rollback() {
    let update = UpdateConfig { failure_action: FailureAction::Rollback, ..config() };
    let mut world = World::updating(1, 3, update);
    let bad = world.service().spec_version;
    world.turn(TaskState::Running);
    world.turn(TaskState::Failed);
    let back = world.update();
    assert_eq!((back.state, back.failures), (UpdateState::RollbackStarted, 0));
    let because = "update rolled back due to failure or early termination of task";
    assert!(back.message.starts_with(because), "{}", back.message);
    assert!(back.first_failure.is_some(), "it says why");
    assert_eq!(world.service().spec.task.container.image, "web:1");
    assert_eq!(world.service().spec_version, bad + 1);
    assert_eq!(world.service().previous_spec, None, "the spec that failed is nothing to go back to");
    world.finish();
    assert_eq!((world.runs(1), world.runs(2)), (3, 0));
    let done = world.update();
    assert_eq!((done.state, done.message.as_str()), (UpdateState::RollbackCompleted, "rollback completed"));
    assert_eq!(done.slots, 2, "a slot that was not reached keeps its task");
}

#[test]
fn updater_rollback_that_fails_pauses() {
    let back = Some(UpdateConfig { failure_action: FailureAction::Rollback, ..config() });
    let mut world = World::new(1);
    let mut old = image(1, 2, config());
    old.rollback = back;
    world.deploy(old.clone());
    world.work();
    world.deploy(ServiceSpec { update: back, ..image(2, 2, config()) });
    world.turn(TaskState::Failed);
    assert_eq!(world.update().state, UpdateState::RollbackStarted);
    world.turn(TaskState::Failed);
    let paused = world.update();
    assert_eq!(paused.state, UpdateState::RollbackPaused);
    assert!(paused.message.starts_with("rollback paused due to failure"), "{}", paused.message);
    world.deploy(ServiceSpec { update: back, ..image(3, 2, config()) });
    world.finish();
    assert_eq!(world.runs(3), 2);
}

#[test]
fn rollback_without_a_spec_before_pauses() {
    let update = UpdateConfig { failure_action: FailureAction::Rollback, ..config() };
    let mut world = World::updating(1, 1, update);
    let service = Service { previous_spec: None, ..Service::clone(&world.service()) };
    world.write(vec![Change::Update(service.into())]);
    world.turn(TaskState::Failed);
    assert_eq!(world.update().state, UpdateState::Paused);
}

#[test]
fn a_new_spec_while_updating_starts_anew() {
    let mut world = World::updating(1, 4, config());
    world.turn(TaskState::Running);
    world.deploy(image(3, 4, config()));
    assert_eq!((world.update().slots, world.update().failures), (4, 0));
    world.finish();
    assert_eq!((world.runs(1), world.runs(2), world.runs(3)), (0, 0, 4));
}

#[test]
fn an_update_that_no_task_sees_replaces_nothing() {
    let mut world = World::new(1);
    world.deploy(image(1, 2, config()));
    world.work();
    let mut labelled = image(1, 3, config());
    labelled.labels.insert("a".into(), "b".into());
    world.deploy(labelled);
    world.work();
    assert_eq!(world.count(|_| true), 3);
    assert_eq!(world.service().update, None, "there is no update to wait for");
}

#[test]
fn updater_placement() {
    let mut world = World::new(2);
    world.deploy(image(1, 4, config()));
    world.work();
    let mut placed = image(1, 4, config());
    let constraints = vec!["node.hostname != host1".to_owned()];
    placed.task.placement = Placement { constraints, ..Placement::default() };
    let kept: Vec<_> = world.view().node_tasks(NodeId::new(2)).map(|task| task.id).collect();
    world.deploy(placed);
    assert_eq!(world.update().slots, 2, "those on the other node still fit");
    let view = world.view();
    assert!(kept.iter().all(|&id| view.task(id).is_some_and(|task| task.is_wanted())));
}

#[test]
fn what_does_not_run_is_replaced_at_once_and_holds_nothing_up() {
    let mut world = World::new(1);
    let mut large = image(1, 3, config());
    large.task.resources.reservations.nano_cpus = 2_000_000_000;
    world.deploy(large.clone());
    world.work();
    assert_eq!(world.count(|task| task.status.state == TaskState::Pending), 1, "there is no room for it");
    large.task.container.image = "web:2".into();
    world.deploy(large);
    for _ in 0..6 {
        world.turn(TaskState::Running);
    }
    assert_eq!((world.runs(1), world.runs(2)), (0, 2));
    assert_eq!(world.update().state, UpdateState::Updating, "the third one is still to come");
}

#[test]
fn a_service_that_never_ran_is_mended_at_once() {
    let mut world = World::new(1);
    world.deploy(image(1, 5, config()));
    world.turn(TaskState::Rejected);
    world.turn(TaskState::Rejected);
    world.deploy(image(2, 5, config()));
    let current = world.service().spec_version;
    assert_eq!(world.count(|task| task.is_wanted() && task.spec_version == current), 5);
    world.finish();
    assert_eq!((world.runs(2), world.update().state), (5, UpdateState::Completed));
}

#[test]
fn a_lost_node_does_not_hurry_an_update() {
    let mut world = World::updating(2, 6, config());
    world.change_node(1, |node| node.status.state = NodeState::Down);
    assert!(world.tasks_of(2, TaskState::Assigned) <= 1, "what moved keeps its spec until its turn");
    world.finish();
    assert_eq!((world.runs(2), world.update().state), (6, UpdateState::Completed));
}

#[test]
fn failures_count_also_where_no_history_is_kept() {
    let update = UpdateConfig { failure_action: FailureAction::Continue, ..config() };
    let mut world = World::new(1);
    let mut cluster = Cluster::clone(world.view().cluster().unwrap());
    cluster.spec.task_history_per_slot = 0;
    world.write(vec![Change::Update(cluster.into())]);
    world.deploy(image(1, 3, update));
    world.work();
    world.deploy(image(2, 3, update));
    for _ in 0..12 {
        world.turn(TaskState::Failed);
    }
    assert_eq!(world.update().failures, 3);
    world.finish();
    assert_eq!((world.runs(2), world.update().state), (3, UpdateState::Completed));
    assert_eq!(
        world.count(|task| task.status.state.is_ended()),
        0,
        "then the last of them is forgotten, too"
    );
}

#[test]
fn updater_task_timeout() {
    let mut world = World::updating(1, 1, config());
    let started = |world: &World| world.count(|task| task.desired == TaskState::Running);
    world.wait(59 * SECOND);
    assert_eq!(started(&world), 0, "the old task does not stop");
    world.wait(SECOND);
    assert_eq!(started(&world), 1, "it is not waited for any longer");
    world.report(TaskState::Running, is_to_run);
    world.wait(5 * SECOND);
    assert_eq!(world.update().state, UpdateState::Completed);
}

#[test]
fn unscheduleable_task() {
    let mut world = World::new(1);
    let mut nowhere = image(1, 2, config());
    let constraints = vec!["node.hostname == nobody".to_owned()];
    nowhere.task.placement = Placement { constraints, ..Placement::default() };
    world.deploy(nowhere);
    world.work();
    assert_eq!(world.tasks_of(1, TaskState::Pending), 2);
    world.deploy(image(2, 2, config()));
    world.finish();
    let pending = world.count(|task| task.status.state == TaskState::Pending);
    assert_eq!((world.runs(2), pending), (2, 0), "nothing of the old spec is left waiting");
}

#[test]
fn service_network_update() {
    let mut world = World::new(1);
    let mut apart = image(1, 2, config());
    let attached = std::mem::take(&mut apart.task.networks);
    let app = NetworkId::new(2);
    let on_app = |world: &World| world.count(|task| task.is_wanted() && task.address_on(app).is_some());
    world.deploy(apart.clone());
    world.work();
    assert_eq!(on_app(&world), 0);
    let mut joined = apart.clone();
    joined.task.networks = attached;
    world.deploy(joined);
    world.finish();
    assert_eq!((world.running(), on_app(&world), world.update().slots), (2, 2, 2));
    assert_eq!(world.service().endpoint.vips.iter().filter(|vip| vip.0 == app).count(), 1);
    world.deploy(apart);
    world.finish();
    assert_eq!((world.running(), on_app(&world)), (2, 0));
    assert!(world.service().endpoint.vips.iter().all(|vip| vip.0 != app), "its address is given back");
}
