//! Tasks go where their volumes are, and get generic resources of their node.

use skep_model::{
    Availability, GenericCount, GenericResource, GenericValue, Labels, Mount, MountKind, NodeState,
    ServiceSpec, TaskState, VolumeMount,
};

use super::explain::explain;
use super::fixture::{Fixture, WEB};

fn with_volume(options: &[(&str, &str)]) -> ServiceSpec {
    let options: Labels = options.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let volume = VolumeMount { name: "data".into(), options, ..VolumeMount::default() };
    let mut spec = ServiceSpec::default();
    spec.task.container.mounts =
        vec![Mount { target: "/data".into(), kind: MountKind::Volume(volume), read_only: false }];
    spec
}

fn has_volume(world: &mut Fixture, node: u128) {
    world.change_node(node, |node| node.description.volumes = vec!["data".into(), "other".into()]);
}

#[test]
fn a_task_goes_to_the_node_that_has_its_volume() {
    let mut world = Fixture::new(3, with_volume(&[]));
    has_volume(&mut world, 2);
    let tasks = world.pending(3);
    assert_eq!(world.schedule(), 3);
    assert_eq!(world.node_of(tasks[0]), Some(2));
    assert_eq!(world.spread(), [1, 1, 1], "one volume binds one task; the others make their own");
}

#[test]
fn a_volume_whose_data_is_elsewhere_binds_nobody() {
    let mut world = Fixture::new(2, with_volume(&[("type", "nfs"), ("device", ":/export")]));
    has_volume(&mut world, 2);
    let task = world.pending(1)[0];
    world.schedule();
    assert_eq!(world.node_of(task), Some(1));
}

#[test]
fn a_task_waits_for_the_node_with_its_volume_until_that_is_drained() {
    let mut spec = with_volume(&[]);
    spec.task.resources.reservations.memory_bytes = 1 << 30;
    let mut world = Fixture::new(2, spec);
    has_volume(&mut world, 2);
    world.change_node(2, |node| node.status.state = NodeState::Down);
    let task = world.pending(1)[0];
    assert_eq!(world.schedule(), 0);
    assert_eq!(world.error(task), "no suitable node (volume data is on host2, which is down)");
    world.change_node(2, |node| {
        node.status.state = NodeState::Ready;
        node.description.memory_bytes = 512 << 20;
    });
    world.schedule();
    let text = "no suitable node (volume data is on host2, which has too little free (memory: 1 GiB asked, at most 512 MiB free))";
    assert_eq!(world.error(task), text);
    world.change_node(2, |node| node.spec.availability = Availability::Drain);
    assert_eq!(world.schedule(), 1);
    assert_eq!(world.node_of(task), Some(1), "a drained node's data does not matter");
}

#[test]
fn a_slot_goes_back_to_its_own_volume() {
    let mut world = Fixture::new(3, with_volume(&[]));
    (1..=3).for_each(|node| has_volume(&mut world, node));
    let first = world.on(WEB, 3, TaskState::Failed);
    let slot = world.view().task(first).unwrap().slot;
    let next = world.task(WEB, |task| task.slot = slot);
    let new = world.task(WEB, |task| task.slot = 1_000);
    assert_eq!(world.schedule(), 2);
    assert_eq!(world.node_of(next), Some(3));
    assert_ne!(world.node_of(new), Some(3), "a replica is given no other one's volume");
}

#[test]
fn a_volume_that_nobody_told_of_yet_counts() {
    let mut world = Fixture::new(2, with_volume(&[]));
    let first = world.on(WEB, 2, TaskState::Failed);
    let slot = world.view().task(first).unwrap().slot;
    let next = world.task(WEB, |task| task.slot = slot);
    world.schedule();
    assert_eq!(world.node_of(next), Some(2));
    world.now = world.now.plus(skep_model::limits::VOLUME_REPORT_WAIT);
    world.change_task(next, |task| task.status.state = TaskState::Failed);
    world.change_task(first, |task| task.desired = TaskState::Shutdown);
    let later = world.task(WEB, |task| task.slot = slot);
    world.schedule();
    assert_eq!(world.node_of(later), Some(1), "the node would have told of it by now");
}

fn generic(kind: &str, value: GenericValue) -> GenericResource {
    GenericResource { kind: kind.into(), value }
}

#[test]
fn generic_resources_are_claimed_and_come_back() {
    let mut spec = ServiceSpec::default();
    let count = |kind: &str, count| GenericCount { kind: kind.into(), count };
    spec.task.resources.reservations.generic = vec![count("GPU", 2), count("SSD", 1)];
    let mut world = Fixture::new(2, spec);
    let named = |name: &str| generic("GPU", GenericValue::Named(name.into()));
    world.change_node(2, |node| {
        let ssd = generic("SSD", GenericValue::Discrete(3));
        node.description.generic = vec![named("a"), named("b"), named("c"), ssd];
    });
    let tasks = world.pending(2);
    assert_eq!(world.schedule(), 1);
    let given = world.view().task(tasks[0]).unwrap().generic.to_vec();
    assert_eq!(given, [named("a"), named("b"), generic("SSD", GenericValue::Discrete(1))]);
    let text = "no suitable node (insufficient resources on 2 nodes): GPU: 2 asked, at most 1 free, on host2";
    assert_eq!(world.error(tasks[1]), text);
    world.change_task(tasks[0], |task| task.status.state = TaskState::Failed);
    assert_eq!(world.schedule(), 1);
}

#[test]
fn explain_says_of_each_node_what_speaks_against_it_or_its_rank() {
    let mut spec = with_volume(&[]);
    spec.task.resources.reservations.memory_bytes = 6 << 30;
    let mut world = Fixture::new(4, spec);
    has_volume(&mut world, 4);
    world.change_node(1, |node| node.spec.availability = Availability::Pause);
    world.on(WEB, 2, TaskState::Running);
    let verdicts = explain(&world.view(), WEB, world.now);
    let said: Vec<String> = verdicts
        .iter()
        .map(|verdict| match &verdict.rank {
            Ok(rank) => format!("{} is number {rank}", verdict.hostname),
            Err(refusal) => format!("{} {refusal}", verdict.hostname),
        })
        .collect();
    let full = "host2 has too little free (memory: 6 GiB asked, at most 2 GiB free)";
    assert_eq!(said, ["host1 is paused", full, "host3 is number 1", "host4 is number 2"]);
    assert_eq!((verdicts[1].room.service_tasks, verdicts[1].room.memory_bytes), (1, 2 << 30));
    assert_eq!(verdicts[3].room.volumes, ["data"]);
}
