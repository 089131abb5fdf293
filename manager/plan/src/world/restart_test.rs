//! Tasks that end, and nodes that go away.

use super::*;

#[test]
fn a_failed_task_is_replaced_after_the_delay() {
    let mut world = World::new(1);
    world.deploy(spec(1));
    world.work();
    let failed_at = world.now;
    world.report(TaskState::Failed, |_| true);
    assert_eq!(world.count(|task| task.desired == TaskState::Ready), 1);
    assert_eq!(world.wake_at, Some(failed_at.plus(Duration::from_secs(5))));
    world.wait(Duration::from_secs(4));
    assert_eq!(world.count(|task| task.desired == TaskState::Running), 0);
    world.wait(Duration::from_secs(1));
    assert_eq!(world.count(|task| task.desired == TaskState::Running), 1);
    world.work();
    assert_eq!(world.running(), 1);
}

#[test]
fn tasks_that_are_refused_at_once_come_once_a_delay() {
    let mut world = World::new(1);
    world.deploy(spec(1));
    for seconds in 0..20 {
        let assigned = |task: &Task| task.status.state == TaskState::Assigned;
        world.report(TaskState::Rejected, assigned);
        world.wait(Duration::from_secs(1));
        let made = world.view().tasks().count();
        assert!(made <= 2 + seconds / 5 + 1, "{made} tasks after {seconds} s");
    }
    assert!(world.view().tasks().count() >= 4, "it is tried again");
}

#[test]
fn a_bound_on_attempts_holds_and_a_new_spec_starts_over() {
    let mut world = World::new(1);
    let mut bounded = spec(1);
    bounded.task.restart.attempts_max = 2;
    bounded.task.restart.delay = Duration::ZERO;
    world.deploy(bounded.clone());
    for _ in 0..3 {
        world.work();
        assert_eq!(world.running(), 1);
        world.report(TaskState::Failed, |task| task.status.state == TaskState::Running);
    }
    world.wait(Duration::from_secs(3600));
    assert_eq!(world.count(|task| task.status.state < TaskState::Complete), 0, "two replacements, not three");
    bounded.task.container.image = "web:2".into();
    world.deploy(bounded);
    world.work();
    assert_eq!(world.running(), 1);
}

#[test]
fn a_bound_within_a_window_frees_itself() {
    let mut world = World::new(1);
    let mut bounded = spec(1);
    bounded.task.restart.attempts_max = 1;
    bounded.task.restart.window = Duration::from_secs(60);
    bounded.task.restart.delay = Duration::ZERO;
    world.deploy(bounded);
    for _ in 0..2 {
        world.work();
        world.report(TaskState::Failed, |task| task.status.state == TaskState::Running);
    }
    world.work();
    assert_eq!(world.running(), 0);
    let wake = world.wake_at.expect("it looks again when the window has passed");
    world.wait(wake.since(world.now));
    world.work();
    assert_eq!(world.running(), 1);
}

#[test]
fn what_ended_well_is_only_replaced_when_the_policy_says_so() {
    let mut world = World::new(1);
    let mut once = spec(1);
    once.task.restart.condition = RestartCondition::OnFailure;
    world.deploy(once);
    world.work();
    world.report(TaskState::Complete, |_| true);
    world.wait(Duration::from_secs(3600));
    assert_eq!(world.count(|_| true), 1);
}

#[test]
fn tasks_of_a_lost_node_move_without_delay() {
    let mut world = World::new(2);
    world.deploy(spec(2));
    world.work();
    let view = world.view();
    let lost = Node::clone(view.node(NodeId::new(1)).unwrap());
    let status = NodeStatus { state: NodeState::Down, ..lost.status.clone() };
    world.write(vec![Change::Update(Node { status, ..lost }.into())]);
    world.settle();
    let moved =
        world.view().node_tasks(NodeId::new(2)).filter(|task| task.desired == TaskState::Running).count();
    assert_eq!(moved, 2);
}

#[test]
fn drain() {
    let mut world = World::new(2);
    world.deploy(spec(4));
    world.work();
    let since = world.now;
    world.change_node(1, |node| node.spec.availability = skep_model::Availability::Drain);
    let fresh = |task: &Task| task.is_wanted() && task.node == Some(NodeId::new(2));
    assert_eq!(world.count(fresh), 4);
    let ready = |task: &Task| task.desired == TaskState::Ready;
    assert_eq!(world.count(ready), 2, "they wait for the old ones to stop");
    world.work();
    assert_eq!((world.running(), world.count(ready)), (4, 0), "and for nothing else");
    assert_eq!(world.now, since);
    world.change_node(1, |node| node.spec.availability = skep_model::Availability::Active);
    assert_eq!(world.count(fresh), 4, "nothing moves back");
}

#[test]
fn a_paused_node_keeps_what_it_has() {
    let mut world = World::new(2);
    world.deploy(spec(4));
    world.work();
    world.change_node(1, |node| node.spec.availability = skep_model::Availability::Pause);
    assert_eq!(world.running(), 4);
    world.report(TaskState::Failed, |task| task.node == Some(NodeId::new(1)));
    world.finish();
    let on_second = |task: &Task| task.is_wanted() && task.node == Some(NodeId::new(2));
    assert_eq!((world.running(), world.count(on_second)), (4, 4), "and gets nothing new");
}

#[test]
fn restart_on_none() {
    let mut world = World::new(1);
    let mut never = spec(2);
    never.task.restart.condition = RestartCondition::None;
    world.deploy(never);
    world.work();
    world.report(TaskState::Failed, |task| task.slot == 1);
    world.report(TaskState::Complete, |task| task.slot == 2);
    world.finish();
    assert_eq!((world.count(|_| true), world.running()), (2, 0));
}

#[test]
fn a_task_that_never_stops_is_waited_for_a_minute() {
    let mut world = World::new(1);
    world.deploy(spec(1));
    world.work();
    world.change_node(1, |node| node.spec.availability = skep_model::Availability::Drain);
    world.write(vec![Change::Create(node(2).into())]);
    world.settle();
    let started = |task: &Task| task.desired == TaskState::Running;
    world.wait(Duration::from_secs(59));
    assert_eq!(world.count(started), 0);
    world.wait(Duration::from_secs(1));
    assert_eq!(world.count(started), 1);
}

#[test]
fn restart_on_any() {
    let mut world = World::new(1);
    world.deploy(spec(2));
    world.work();
    world.report(TaskState::Failed, |task| task.slot == 1);
    world.report(TaskState::Complete, |task| task.slot == 2);
    world.finish();
    assert_eq!(world.running(), 2);
}

#[test]
fn restart_on_failure() {
    let mut world = World::new(1);
    let mut failing = spec(2);
    failing.task.restart.condition = RestartCondition::OnFailure;
    world.deploy(failing);
    world.work();
    world.report(TaskState::Failed, |task| task.slot == 1);
    world.report(TaskState::Complete, |task| task.slot == 2);
    world.finish();
    let runs = |task: &Task| task.status.state == TaskState::Running;
    assert_eq!((world.running(), world.count(|task| runs(task) && task.slot == 1)), (1, 1));
}
