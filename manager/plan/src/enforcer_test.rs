use skep_model::{Change, Node, NodeId, NodeState, ServiceSpec, Task, TaskId, TaskState};

use super::*;
use crate::scheduler::fixture::{Fixture, WEB};

/// What the enforcer does on this world: the tasks that it ends, and how many it makes.
fn enforced(world: &Fixture) -> (Vec<TaskId>, usize) {
    let plan = Enforcer.plan(&world.view(), world.now);
    assert_eq!(plan, Enforcer.plan(&world.view(), world.now), "the same view gives the same plan");
    let (mut ended, mut made) = (Vec::new(), 0);
    for change in plan.groups.into_iter().flatten() {
        match change {
            Change::Update(object) => ended.push(Task::clone(&task_of(object)).id),
            Change::Create(object) => {
                let next = task_of(object);
                assert_eq!((next.desired, next.node), (TaskState::Ready, None));
                made += 1;
            }
            Change::Remove { key, .. } => panic!("{key:?} is removed"),
        }
    }
    (ended, made)
}

fn task_of(object: skep_model::Object) -> Arc<Task> {
    match object {
        skep_model::Object::Task(task) => task,
        other => panic!("{other:?} is no task"),
    }
}

fn placed(constraint: &str) -> ServiceSpec {
    let mut spec = ServiceSpec { name: "web".into(), ..ServiceSpec::default() };
    spec.task.placement.constraints = vec![constraint.into()];
    spec
}

fn label(world: &mut Fixture, node: u128, zone: &str) {
    world.change_node(node, |node| drop(node.spec.labels.insert("zone".into(), zone.into())));
}

#[test]
fn constraint_enforcer() {
    let mut world = Fixture::new(2, placed("node.labels.zone == a"));
    (1..=2).for_each(|node| label(&mut world, node, "a"));
    let task = world.on(WEB, 1, TaskState::Running);
    world.on(WEB, 2, TaskState::Running);
    world.on(WEB, 1, TaskState::Failed);
    assert_eq!(enforced(&world), (vec![], 0));
    label(&mut world, 1, "b");
    assert_eq!(enforced(&world), (vec![task], 1));
}

#[test]
fn a_paused_node_and_one_that_is_away_keep_their_tasks() {
    let mut world = Fixture::new(1, placed("node.labels.zone == a"));
    world.on(WEB, 1, TaskState::Running);
    world.change_node(1, |node| node.spec.availability = skep_model::Availability::Pause);
    assert_eq!(enforced(&world), (vec![], 0));
    world.change_node(1, |node: &mut Node| {
        node.spec.availability = skep_model::Availability::Active;
        node.status.state = NodeState::Unknown;
    });
    assert_eq!(enforced(&world), (vec![], 0));
    world.change_node(1, |node| node.status.state = NodeState::Ready);
    assert_eq!(enforced(&world).1, 1);
}

#[test]
fn outdated_task_placement_constraints() {
    let mut world = Fixture::new(1, placed("node.labels.zone == a"));
    label(&mut world, 1, "a");
    world.on(WEB, 1, TaskState::Running);
    world.service(WEB, placed("node.labels.zone == b"));
    label(&mut world, 1, "b");
    assert_eq!(enforced(&world), (vec![], 0), "the constraints that the task was made with do not count");
    label(&mut world, 1, "a");
    assert_eq!(enforced(&world).1, 1, "those of the service do");
}

#[test]
fn a_node_that_got_smaller_keeps_the_oldest_tasks() {
    let mut spec = ServiceSpec { name: "web".into(), ..ServiceSpec::default() };
    spec.task.resources.reservations.memory_bytes = 3 << 30;
    let mut world = Fixture::new(1, spec);
    world.on(WEB, 1, TaskState::Running);
    let second = world.on(WEB, 1, TaskState::Running);
    assert_eq!(enforced(&world), (vec![], 0));
    world.change_node(1, |node| node.description.memory_bytes = 4 << 30);
    assert_eq!(enforced(&world), (vec![second], 1));
}

#[test]
fn a_task_whose_thing_is_gone_has_to_go() {
    use skep_model::{GenericCount, GenericResource, GenericValue};
    let gpu = |name: &str| GenericResource { kind: "GPU".into(), value: GenericValue::Named(name.into()) };
    let mut spec = ServiceSpec { name: "web".into(), ..ServiceSpec::default() };
    spec.task.resources.reservations.generic = vec![GenericCount { kind: "GPU".into(), count: 1 }];
    let mut world = Fixture::new(1, spec);
    world.change_node(1, |node| node.description.generic = vec![gpu("a"), gpu("b")]);
    world.pending(2);
    assert_eq!(world.schedule(), 2);
    assert_eq!(enforced(&world), (vec![], 0));
    world.change_node(1, |node| node.description.generic = vec![gpu("b")]);
    assert_eq!(enforced(&world).1, 1);
}

#[test]
fn another_platform_is_another_node() {
    let platform = skep_model::Platform { architecture: "amd64".into(), os: "linux".into() };
    let mut spec = ServiceSpec { name: "web".into(), ..ServiceSpec::default() };
    spec.task.placement.platforms = vec![platform];
    spec.mode = ServiceMode::Global;
    let mut world = Fixture::new(1, spec);
    let task = world.task(WEB, |task| {
        (task.slot, task.node, task.status.state) = (0, Some(NodeId::new(1)), TaskState::Running);
    });
    assert_eq!(enforced(&world), (vec![], 0));
    world.change_node(1, |node| node.description.architecture = "riscv64".into());
    assert_eq!(enforced(&world), (vec![task], 0), "a global service has nowhere else to go");
}

#[test]
fn what_ends_a_task_is_kept_with_it() {
    let why = |world: &Fixture| {
        let plan = Enforcer.plan(&world.view(), world.now);
        let ended = plan.groups.into_iter().flatten().find_map(|change| match change {
            Change::Update(object) => task_of(object).dismissed.clone(),
            _ => None,
        });
        ended.map(|dismissal| (dismissal.at, dismissal.why))
    };
    let mut spec = placed("node.labels.zone == a");
    spec.task.resources.reservations.memory_bytes = 3 << 30;
    let mut world = Fixture::new(1, spec);
    label(&mut world, 1, "a");
    world.on(WEB, 1, TaskState::Running);
    assert_eq!(why(&world), None);
    world.change_node(1, |node| node.description.memory_bytes = 2 << 30);
    let (at, reason) = why(&world).unwrap();
    assert!(at == world.now && reason.ends_with(" has less than its tasks reserve"), "{reason}");
    label(&mut world, 1, "b");
    let (_, reason) = why(&world).unwrap();
    assert!(reason.ends_with(" does not meet node.labels.zone == a"), "{reason}");
}
