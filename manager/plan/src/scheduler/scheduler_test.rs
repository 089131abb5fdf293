//! The scenarios of SwarmKit's scheduler tests, by their names.

use std::time::Duration;

use skep_model::{
    Availability, LogDriver, Mount, MountKind, NodeId, NodeState, Platform, PortConfig, PortMode, Protocol,
    ServiceId, ServiceMode, ServiceSpec, TaskState, VolumeMount,
};

use super::fixture::{Fixture, WEB};

const OTHER: ServiceId = ServiceId::new(71);

fn with(change: impl FnOnce(&mut ServiceSpec)) -> ServiceSpec {
    let mut spec = ServiceSpec::default();
    change(&mut spec);
    spec
}

#[test]
fn scheduler_gives_pending_tasks_to_the_emptiest_nodes() {
    let mut world = Fixture::new(3, ServiceSpec::default());
    world.service(OTHER, with(|spec| spec.name = "other".into()));
    world.on(OTHER, 1, TaskState::Running);
    let first = world.task(WEB, |task| task.slot = 1);
    let second = world.task(WEB, |task| task.slot = 2);
    assert_eq!(world.schedule(), 2);
    let mut nodes = [world.node_of(first).unwrap(), world.node_of(second).unwrap()];
    nodes.sort_unstable();
    assert_eq!(nodes, [2, 3]);
}

#[test]
fn ha_spreads_the_service_before_it_looks_at_all_tasks() {
    let mut world = Fixture::new(2, ServiceSpec::default());
    world.service(OTHER, with(|spec| spec.name = "other".into()));
    (0..10).for_each(|_| {
        world.on(OTHER, 1, TaskState::Running);
    });
    world.pending(18);
    assert_eq!(world.schedule(), 18);
    assert_eq!(world.spread(), [9, 9]);
}

#[test]
fn a_round_places_no_more_than_can_be_written_and_the_rest_follows() {
    let mut world = Fixture::new(7, ServiceSpec::default());
    world.pending(2_500);
    assert_eq!(world.schedule(), 2_500);
    let spread = world.spread();
    assert!(spread.iter().max().unwrap() - spread.iter().min().unwrap() <= 1, "{spread:?}");
}

#[test]
fn scheduler_no_ready_nodes() {
    let mut world = Fixture::new(2, ServiceSpec::default());
    world.change_node(1, |node| node.status.state = NodeState::Down);
    world.change_node(2, |node| node.spec.availability = Availability::Pause);
    let task = world.pending(1)[0];
    assert_eq!(world.schedule(), 0);
    let text = "no suitable node (2 nodes not available for new tasks): host1 is down";
    assert_eq!(world.error(task), text);
    world.change_node(2, |node| node.spec.availability = Availability::Active);
    assert_eq!(world.schedule(), 1);
    assert_eq!(world.node_of(task), Some(2));
}

#[test]
fn scheduler_without_any_node() {
    let mut world = Fixture::new(0, ServiceSpec::default());
    let task = world.pending(1)[0];
    assert_eq!(world.schedule(), 0);
    assert_eq!(world.error(task), "no suitable node");
}

#[test]
fn scheduler_faulty_node_comes_last_for_a_while() {
    let mut world = Fixture::new(2, ServiceSpec::default());
    (0..5).for_each(|_| {
        world.on(WEB, 1, TaskState::Failed);
    });
    (0..3).for_each(|_| {
        world.on(WEB, 2, TaskState::Running);
    });
    let task = world.pending(1)[0];
    world.schedule();
    assert_eq!(world.node_of(task), Some(2), "five failures outweigh three tasks");
    world.now = world.now.plus(Duration::from_secs(301));
    let task = world.pending(1)[0];
    world.schedule();
    assert_eq!(world.node_of(task), Some(1), "what is long ago is forgiven");
}

#[test]
fn scheduler_faulty_node_spec_version() {
    let mut world = Fixture::new(2, ServiceSpec::default());
    (0..5).for_each(|_| {
        world.on(WEB, 1, TaskState::Rejected);
    });
    world.on(WEB, 2, TaskState::Running);
    world.service(WEB, with(|spec| spec.name = "web".into()));
    let task = world.pending(1)[0];
    world.schedule();
    assert_eq!(world.node_of(task), Some(1), "another spec starts anew");
}

#[test]
fn scheduler_resource_constraint() {
    let mut world = Fixture::new(2, with(|spec| spec.task.resources.reservations.memory_bytes = 5 << 30));
    world.change_node(1, |node| node.description.memory_bytes = 4 << 30);
    let tasks = world.pending(2);
    assert_eq!(world.schedule(), 1);
    assert_eq!(world.node_of(tasks[0]), Some(2));
    let text = "no suitable node (insufficient resources on 2 nodes): memory: 5 GiB asked, at most 4 GiB free, on host1";
    assert_eq!(world.error(tasks[1]), text);
    world.change_node(1, |node| node.description.memory_bytes = 8 << 30);
    assert_eq!(world.schedule(), 1);
}

#[test]
fn scheduler_resource_constraint_ha() {
    let mut world = Fixture::new(2, with(|spec| spec.task.resources.reservations.nano_cpus = 500_000_000));
    world.change_node(1, |node| node.description.nano_cpus = 2_000_000_000);
    world.pending(13);
    assert_eq!(world.schedule(), 12, "four on one node, eight on the other");
    assert_eq!(world.spread(), [4, 8]);
}

#[test]
fn scheduler_resource_constraint_dead_task() {
    let mut world = Fixture::new(1, with(|spec| spec.task.resources.reservations.memory_bytes = 6 << 30));
    let tasks = world.pending(2);
    assert_eq!(world.schedule(), 1);
    world.change_task(tasks[0], |task| task.status.state = TaskState::Failed);
    assert_eq!(world.schedule(), 1, "what ended holds nothing");
}

#[test]
fn scheduler_preexisting_dead_task() {
    let mut world = Fixture::new(1, with(|spec| spec.task.resources.reservations.memory_bytes = 6 << 30));
    world.on(WEB, 1, TaskState::Complete);
    world.pending(1);
    assert_eq!(world.schedule(), 1);
}

#[test]
fn numbers_alone_do_not_write_a_reason_anew() {
    let mut world = Fixture::new(1, with(|spec| spec.task.resources.reservations.memory_bytes = 9 << 30));
    let tasks = world.pending(3);
    world.schedule();
    let before = world.error(tasks[2]);
    world.change_node(1, |node| node.description.memory_bytes = 7 << 30);
    let version = world.view().version();
    world.schedule();
    assert_eq!((world.view().version(), world.error(tasks[2])), (version, before));
}

#[test]
fn scheduler_compatible_platform() {
    let platform = |architecture: &str| Platform { architecture: architecture.into(), os: "linux".into() };
    let mut world = Fixture::new(2, with(|spec| spec.task.placement.platforms = vec![platform("arm64")]));
    let task = world.pending(1)[0];
    assert_eq!(world.schedule(), 0);
    let text = "no suitable node (unsupported platform on 2 nodes): host1 is linux/x86_64, the image is for linux/arm64";
    assert_eq!(world.error(task), text);
    world.change_node(2, |node| node.description.architecture = "aarch64".into());
    world.schedule();
    assert_eq!(world.node_of(task), Some(2));
}

#[test]
fn preassigned_tasks_are_only_checked_against_their_node() {
    let mut world = Fixture::new(
        3,
        with(|spec| {
            spec.mode = ServiceMode::Global;
            spec.task.resources.reservations.memory_bytes = 6 << 30;
        }),
    );
    world.change_node(3, |node| node.description.memory_bytes = 1 << 30);
    let on = |world: &mut Fixture, node: u128| {
        world.task(WEB, |task| (task.slot, task.node) = (0, Some(NodeId::new(node))))
    };
    let tasks = [on(&mut world, 1), on(&mut world, 3)];
    world.service(
        OTHER,
        with(|spec| {
            spec.name = "other".into();
            spec.task.resources.reservations.memory_bytes = 6 << 30;
        }),
    );
    let free = world.task(OTHER, |_| {});
    assert_eq!(world.schedule(), 2);
    assert_eq!(
        (world.node_of(tasks[0]), world.node_of(tasks[1]), world.node_of(free)),
        (Some(1), None, Some(2))
    );
    let text = "no suitable node (insufficient resources on 1 node): memory: 6 GiB asked, at most 1 GiB free, on host3";
    assert_eq!(world.error(tasks[1]), text);
}

#[test]
fn unscheduleable_tasks_do_not_hold_up_others() {
    let mut world =
        Fixture::new(2, with(|spec| spec.task.placement.constraints = vec!["node.id == x".into()]));
    world.pending(3_000);
    world.service(OTHER, with(|spec| spec.name = "other".into()));
    let other = world.task(OTHER, |_| {});
    assert_eq!(world.schedule(), 1);
    assert!(world.node_of(other).is_some());
    let view = world.view();
    assert!(view.service_tasks(WEB).all(|task| !task.status.error.is_empty()), "each of them says why");
}

#[test]
fn scheduler_plugin_constraint() {
    let fluentd = LogDriver { name: "fluentd".into(), ..LogDriver::default() };
    let mut world = Fixture::new(1, with(|spec| spec.task.log_driver = Some(fluentd)));
    let task = world.pending(1)[0];
    assert_eq!(world.schedule(), 0);
    let text = "no suitable node (missing plugin on 1 node): host1 has no log driver fluentd (there are json-file, local, none)";
    assert_eq!(world.error(task), text);
    for driver in ["", "none", "local", "json-file"] {
        let known = LogDriver { name: driver.into(), ..LogDriver::default() };
        let mut world = Fixture::new(1, with(|spec| spec.task.log_driver = Some(known)));
        world.pending(1);
        assert_eq!(world.schedule(), 1, "{driver}");
    }
    let volume = VolumeMount { name: "v".into(), driver: "rexray".into(), ..VolumeMount::default() };
    let mount = Mount { target: "/v".into(), kind: MountKind::Volume(volume), read_only: false };
    let mut world = Fixture::new(1, with(|spec| spec.task.container.mounts = vec![mount]));
    let task = world.pending(1)[0];
    world.schedule();
    let text =
        "no suitable node (missing plugin on 1 node): host1 has no volume driver rexray (there is local)";
    assert_eq!(world.error(task), text);
}

#[test]
fn scheduler_host_port() {
    let port = PortConfig {
        protocol: Protocol::Tcp,
        target: 80,
        published: 58,
        mode: PortMode::Host,
        address: None,
    };
    let mut world = Fixture::new(2, with(|spec| spec.endpoint.ports = vec![port]));
    let tasks = world.pending(3);
    assert_eq!(world.schedule(), 2);
    let text =
        "no suitable node (host-mode port already in use on 2 nodes): host1 has port 58/tcp taken by web";
    assert_eq!(world.error(tasks[2]), text);
    let udp = PortConfig { protocol: Protocol::Udp, ..port };
    world.service(OTHER, with(|spec| spec.endpoint.ports = vec![udp]));
    world.task(OTHER, |_| {});
    assert_eq!(world.schedule(), 1, "another protocol is another port");
}

#[test]
fn scheduler_max_replicas() {
    let mut world = Fixture::new(2, with(|spec| spec.task.placement.max_replicas_per_node = 1));
    let tasks = world.pending(3);
    assert_eq!(world.schedule(), 2);
    let text = "no suitable node (max replicas per node limit exceed): host1 has 1 task of the service, as many as it may";
    assert_eq!(world.error(tasks[2]), text);
    world.change_task(tasks[0], |task| task.status.state = TaskState::Complete);
    assert_eq!(world.schedule(), 1);
}
