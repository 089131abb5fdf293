//! Global services: the place of a task is its node.

use skep_model::{Availability, ObjectKey, Placement, UpdateState};

use super::*;

fn global() -> ServiceSpec {
    ServiceSpec { mode: ServiceMode::Global, ..spec(0) }
}

impl World {
    /// The nodes that have a wanted task, in order, as often as they have one.
    fn places(&self) -> Vec<u128> {
        let view = self.view();
        let mut nodes: Vec<u128> = view
            .tasks()
            .filter(|task| task.is_wanted())
            .filter_map(|task| Some(task.node?.value()))
            .collect();
        nodes.sort_unstable();
        nodes
    }
}

#[test]
fn a_global_service_has_a_task_on_each_node() {
    let mut world = World::new(3);
    world.deploy(global());
    world.work();
    assert_eq!((world.places(), world.running()), (vec![1, 2, 3], 3));
    assert!(world.view().tasks().all(|task| task.slot == 0));
}

#[test]
fn add_node_and_delete_node() {
    let mut world = World::new(2);
    world.deploy(global());
    world.work();
    world.write(vec![Change::Create(node(3).into())]);
    world.settle();
    assert_eq!(world.places(), [1, 2, 3]);
    let version = world.view().node(NodeId::new(2)).unwrap().meta.version;
    world.write(vec![Change::Remove { key: ObjectKey::Node(NodeId::new(2)), version }]);
    world.settle();
    assert_eq!(world.places(), [1, 3]);
}

#[test]
fn node_availability() {
    let mut world = World::new(2);
    world.change_node(2, |node| node.spec.availability = Availability::Pause);
    world.deploy(global());
    world.work();
    assert_eq!(world.places(), [1], "a paused node gets nothing new");
    world.change_node(2, |node| node.spec.availability = Availability::Active);
    world.work();
    world.change_node(1, |node| node.spec.availability = Availability::Pause);
    assert_eq!(world.places(), [1, 2], "and keeps what it has");
    world.change_node(1, |node| node.spec.availability = Availability::Drain);
    assert_eq!(world.places(), [2], "what is drained does not move elsewhere");
    world.work();
    world.change_node(1, |node| node.spec.availability = Availability::Active);
    world.work();
    assert_eq!((world.places(), world.running()), (vec![1, 2], 2));
}

#[test]
fn node_state() {
    let mut world = World::new(2);
    world.deploy(global());
    world.work();
    world.change_node(2, |node| node.status.state = NodeState::Down);
    assert_eq!(world.places(), [1]);
    world.change_node(2, |node| node.status.state = NodeState::Unknown);
    assert_eq!(world.places(), [1], "it has to be there for a new one");
    world.change_node(2, |node| node.status.state = NodeState::Ready);
    world.work();
    assert_eq!((world.places(), world.running()), (vec![1, 2], 2));
}

#[test]
fn task_failure() {
    let mut world = World::new(2);
    let mut bounded = global();
    bounded.task.restart.attempts_max = 1;
    world.deploy(bounded);
    world.work();
    let on_first = |task: &Task| task.node == Some(NodeId::new(1));
    world.report(TaskState::Failed, on_first);
    world.finish();
    assert_eq!((world.places(), world.running()), (vec![1, 2], 2), "it starts again on its node");
    world.report(TaskState::Failed, |task| on_first(task) && task.status.state == TaskState::Running);
    world.finish();
    assert_eq!((world.places(), world.running()), (vec![1, 2], 1), "the bound holds for each node");
    let on_second = |task: &Task| task.node == Some(NodeId::new(2));
    world.report(TaskState::Failed, |task| on_second(task) && task.status.state == TaskState::Running);
    world.finish();
    assert_eq!(world.running(), 1);
}

#[test]
fn constraints_say_which_nodes() {
    let mut world = World::new(3);
    let constrained = |text: &str| {
        let placement = Placement { constraints: vec![text.to_owned()], ..Placement::default() };
        let mut spec = global();
        spec.task.placement = placement;
        spec
    };
    world.change_node(2, |node| drop(node.spec.labels.insert("disk".into(), "ssd".into())));
    world.deploy(constrained("node.labels.disk == ssd"));
    assert_eq!(world.places(), [2]);
    world.work();
    world.deploy(constrained("node.labels.disk != ssd"));
    assert_eq!(world.places(), [1, 3]);
    world.work();
    world.change_node(3, |node| drop(node.spec.labels.insert("disk".into(), "ssd".into())));
    assert_eq!(world.places(), [1]);
}

#[test]
fn an_update_goes_node_by_node() {
    let mut world = World::new(3);
    world.deploy(global());
    world.work();
    let mut changed = global();
    changed.task.container.image = "web:2".into();
    world.deploy(changed);
    assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), 1);
    world.finish();
    let current = world.service().spec_version;
    assert_eq!(world.count(|task| task.is_wanted() && task.spec_version == current), 3);
    assert_eq!((world.places(), world.update().state), (vec![1, 2, 3], UpdateState::Completed));
}
