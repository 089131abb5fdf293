//! Tasks move so that a service is spread again, and off nodes that they do not fit any more.

use super::*;
use crate::moves;

/// `web` with this many running tasks on one node, then another node comes.
fn uneven(replicas: u64, percent: u8) -> World {
    let mut world = World::new(1);
    world.rebalance_by_itself(percent);
    world.deploy(spec_of(replicas));
    world.work();
    let status = NodeStatus { since: world.now, ..node(2).status };
    world.write(vec![Change::Create(Node { status, ..node(2) }.into())]);
    world.settle();
    world
}

fn spec_of(replicas: u64) -> ServiceSpec {
    super::spec(replicas)
}

impl World {
    /// Sets which share of a service's tasks may move to a node that is new or came back.
    pub(super) fn rebalance_by_itself(&mut self, percent: u8) {
        let cluster = Cluster::clone(self.view().cluster().unwrap());
        let spec = ClusterSpec { rebalance_percent: percent, ..cluster.spec.clone() };
        self.write(vec![Change::Update(Cluster { spec, ..cluster }.into())]);
        self.settle();
    }

    /// Asks for a rebalancing, as users do.
    pub(super) fn ask_to_rebalance(&mut self, service: &Arc<Service>) {
        let rebalance = moves(&self.view(), service, self.now).into_iter().map(|each| each.task).collect();
        self.write(vec![Change::Update(Service { rebalance, ..Service::clone(service) }.into())]);
        self.settle();
    }
}

fn ask(world: &mut World) {
    let service = world.service();
    world.ask_to_rebalance(&service);
}

fn on(world: &World, node: u128) -> usize {
    let view = world.view();
    let there = view.node_tasks(NodeId::new(node)).filter(|task| task.is_wanted());
    there.filter(|task| task.status.state == TaskState::Running).count()
}

fn wanted(world: &World) -> usize {
    world.count(|task| task.is_wanted())
}

#[test]
fn one_task_moves_at_a_time_and_none_ends_before_its_successor_runs() {
    let mut world = uneven(6, 0);
    assert_eq!((on(&world, 1), on(&world, 2)), (6, 0), "nothing moves by itself");
    ask(&mut world);
    for moved in 1..=3 {
        assert_eq!(wanted(&world), 7, "one successor, beside all others");
        assert_eq!(world.running(), 6);
        world.report(TaskState::Running, is_to_run);
        assert_eq!((on(&world, 1), on(&world, 2)), (6 - moved, moved));
        world.report(TaskState::Shutdown, |task| {
            task.desired == TaskState::Shutdown && !task.status.state.is_ended()
        });
    }
    assert_eq!((wanted(&world), world.running(), world.service().rebalance.len()), (6, 6, 0));
}

#[test]
fn tasks_that_take_long_to_stop_hold_no_move_up() {
    let mut world = World::new(2);
    world.deploy(spec_of(6));
    world.work();
    world.write(vec![Change::Create(node(3).into())]);
    ask(&mut world);
    for _ in 0..2 {
        world.report(TaskState::Running, is_to_run);
    }
    let wanted_on = |node: u128| {
        let view = world.view();
        view.node_tasks(NodeId::new(node)).filter(|task| task.is_wanted()).count()
    };
    assert_eq!([1, 2, 3].map(wanted_on), [2, 2, 2]);
    assert_eq!(world.running(), 8, "two are still to stop");
}

#[test]
fn a_successor_that_fails_leaves_the_task_alone() {
    let mut world = uneven(4, 0);
    ask(&mut world);
    world.report(TaskState::Rejected, is_to_run);
    world.report(TaskState::Rejected, is_to_run);
    world.finish();
    assert_eq!((on(&world, 1), on(&world, 2), wanted(&world)), (4, 0, 4));
    assert_eq!(world.service().rebalance, []);
}

#[test]
fn a_task_that_fails_while_its_successor_is_on_its_way_has_that_one_in_its_place() {
    let mut world = uneven(2, 0);
    ask(&mut world);
    let old = world.service().rebalance[0];
    world.report(TaskState::Failed, |task| task.id == old);
    world.finish();
    assert_eq!((on(&world, 1), on(&world, 2), wanted(&world)), (1, 1, 2));
}

#[test]
fn a_successor_whose_node_is_drained_leaves_the_task_alone() {
    let mut world = uneven(4, 0);
    ask(&mut world);
    world.change_node(2, |node| node.spec.availability = skep_model::Availability::Drain);
    world.finish();
    assert_eq!((on(&world, 1), on(&world, 2), wanted(&world)), (4, 0, 4));
    assert_eq!(world.service().rebalance, []);
}

#[test]
fn an_update_ends_a_rebalancing() {
    let mut world = uneven(4, 0);
    ask(&mut world);
    assert_eq!(wanted(&world), 5);
    let mut changed = spec_of(4);
    changed.task.container.image = "web:2".into();
    world.deploy(changed);
    world.finish();
    assert_eq!((wanted(&world), world.running(), world.service().rebalance.len()), (4, 4, 0));
}

#[test]
fn fewer_replicas_end_a_move() {
    let mut world = uneven(4, 0);
    ask(&mut world);
    world.deploy(spec_of(1));
    world.finish();
    assert_eq!((wanted(&world), world.running()), (1, 1));
}

#[test]
fn a_new_node_gets_its_share_when_it_has_been_ready_for_a_while() {
    for (percent, moved) in [(0, 0), (5, 0), (20, 2), (50, 5), (100, 5)] {
        let mut world = uneven(10, percent);
        world.work();
        assert_eq!(on(&world, 2), 0, "not at once");
        world.wait(Duration::from_secs(30));
        for _ in 0..8 {
            world.work();
        }
        assert_eq!((on(&world, 1), on(&world, 2)), (10 - moved, moved), "{percent} percent");
        assert_eq!(world.service().rebalance, []);
    }
}

#[test]
fn a_node_that_came_back_gets_its_share() {
    let mut world = World::new(3);
    world.rebalance_by_itself(20);
    world.deploy(spec_of(9));
    world.work();
    assert_eq!([1, 2, 3].map(|node| on(&world, node)), [3, 3, 3]);
    // The others are new as well: what they got from the beginning is no share.
    let now = world.now;
    (1..=2).for_each(|id| world.change_node(id, |node| node.status.since = now));
    world.change_node(3, |node| node.status.state = NodeState::Down);
    world.work();
    world.work();
    assert_eq!(on(&world, 1) + on(&world, 2), 9);
    world
        .report(TaskState::Failed, |task| task.node == Some(NodeId::new(3)) && !task.status.state.is_ended());
    let now = world.now;
    world.change_node(3, |node| (node.status.state, node.status.since) = (NodeState::Ready, now));
    world.work();
    assert_eq!(on(&world, 3), 0, "not at once");
    world.wait(Duration::from_secs(30));
    for _ in 0..8 {
        world.work();
    }
    assert_eq!((on(&world, 3), wanted(&world)), (1, 9));
}

#[test]
fn tasks_leave_a_node_that_does_not_fit_any_more() {
    let mut world = World::new(2);
    let mut placed = spec_of(4);
    placed.task.placement.constraints = vec!["node.labels.zone != b".into()];
    world.deploy(placed);
    world.work();
    assert_eq!((on(&world, 1), on(&world, 2)), (2, 2));
    world.change_node(1, |node| drop(node.spec.labels.insert("zone".into(), "b".into())));
    world.finish();
    assert_eq!((on(&world, 1), on(&world, 2)), (0, 4));
}
