//! From a deploy to tasks with addresses and nodes.

use super::*;

#[test]
fn a_deploy_spreads_tasks_and_gives_each_an_address() {
    let mut world = World::new(2);
    let id = world.deploy(spec(5));
    let view = world.view();
    assert_eq!(world.count(|task| task.status.state == TaskState::Assigned), 5);
    let on_first = view.node_tasks(NodeId::new(1)).count();
    assert!((2..=3).contains(&on_first), "{on_first} of 5 on one of two nodes");
    let mut addresses: Vec<_> =
        view.tasks().map(|task| task.address_on(NetworkId::new(2)).unwrap()).collect();
    addresses.extend(view.service(id).unwrap().endpoint.vips.iter().map(|vip| vip.1));
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 6, "five tasks and the service, each with an address of its own");
    let slots: Vec<u32> = view.service_tasks(id).map(|task| task.slot).collect();
    assert_eq!(slots, [1, 2, 3, 4, 5]);
}

#[test]
fn published_ports_are_given_once() {
    let mut world = World::new(1);
    let mut published = spec(1);
    let port = PortConfig {
        protocol: Protocol::Tcp,
        target: 80,
        published: 0,
        mode: PortMode::Ingress,
        address: None,
    };
    published.endpoint.ports = vec![port, PortConfig { published: 8080, ..port }];
    let id = world.deploy(published.clone());
    let before = world.view().service(id).unwrap().endpoint.ports.clone();
    assert_eq!(before.iter().map(|port| port.published).collect::<Vec<_>>(), [30_000, 8080]);
    published.labels.insert("changed".into(), String::new());
    world.deploy(published);
    assert_eq!(world.view().service(id).unwrap().endpoint.ports, before, "a dynamic port stays");
    let task = world.view().tasks().next().cloned().unwrap();
    assert!(
        task.address_on(NetworkId::new(1)).is_some(),
        "published ports need an address on the ingress network"
    );
}

#[test]
fn a_port_in_host_mode_is_on_a_node_once() {
    let mut world = World::new(2);
    let mut published = spec(3);
    let port = PortConfig {
        protocol: Protocol::Tcp,
        target: 80,
        published: 8080,
        mode: PortMode::Host,
        address: None,
    };
    published.endpoint.ports = vec![port, PortConfig { target: 81, published: 0, ..port }];
    let id = world.deploy(published);
    let ports = &world.view().service(id).unwrap().endpoint.ports.clone();
    assert_eq!(ports.iter().map(|port| port.published).collect::<Vec<_>>(), [8080, 0], "nodes choose");
    assert_eq!(world.count(|task| task.status.state == TaskState::Assigned), 2);
    let view = world.view();
    let waiting = view.tasks().find(|task| task.status.state == TaskState::Pending).unwrap();
    let text =
        "no suitable node (host-mode port already in use on 2 nodes): host1 has port 8080/tcp taken by web";
    assert_eq!(&*waiting.status.error, text);
    assert!((1..=2).all(|node| view.node_tasks(NodeId::new(node)).count() == 1));
}

#[test]
fn scaling_down_keeps_what_runs() {
    let mut world = World::new(2);
    let id = world.deploy(spec(4));
    world.report(TaskState::Running, |task| task.slot != 2);
    world.deploy(spec(3));
    let wanted: Vec<u32> =
        world.view().service_tasks(id).filter(|task| task.is_wanted()).map(|task| task.slot).collect();
    assert_eq!(wanted, [1, 3, 4]);
    world.deploy(spec(0));
    world.work();
    assert_eq!(world.count(|_| true), 0, "removed tasks are forgotten");
}

#[test]
fn a_task_that_fits_nowhere_says_why() {
    let mut world = World::new(2);
    let mut large = spec(1);
    large.task.resources.reservations.memory_bytes = 9 << 30;
    world.deploy(large);
    let view = world.view();
    let task = view.tasks().next().unwrap();
    let text = "no suitable node (insufficient resources on 2 nodes): memory: 9 GiB asked, at most 8 GiB free, on host1";
    assert_eq!(&*task.status.error, text);
    assert_eq!(task.status.state, TaskState::Pending);
}

#[test]
fn reservations_are_counted() {
    let mut world = World::new(1);
    let mut two_cpus = spec(3);
    two_cpus.task.resources.reservations.nano_cpus = 2_000_000_000;
    world.deploy(two_cpus);
    assert_eq!(world.count(|task| task.status.state == TaskState::Assigned), 2);
    assert_eq!(world.count(|task| task.status.state == TaskState::Pending), 1);
}

#[test]
fn publish_duplicate_ports() {
    let mut world = World::new(1);
    let port = PortConfig {
        protocol: Protocol::Tcp,
        target: 80,
        published: 0,
        mode: PortMode::Ingress,
        address: None,
    };
    let mut published = spec(1);
    let at = |published| PortConfig { published, ..port };
    published.endpoint.ports = vec![at(5005), at(5006), port, port];
    skep_model::validate_service(&published).unwrap();
    let id = world.deploy(published);
    let mut given: Vec<u16> =
        world.view().service(id).unwrap().endpoint.ports.iter().map(|port| port.published).collect();
    given.dedup();
    assert!(given.starts_with(&[5005, 5006]) && given.len() == 4, "{given:?}");
    assert!(given[2..].iter().all(|&port| port >= 30_000), "{given:?}");
}

#[test]
fn replicated_orchestrator() {
    let mut world = World::new(2);
    let id = world.deploy(spec(2));
    world.work();
    world.deploy(spec(5));
    world.work();
    assert_eq!(world.running(), 5, "more are made");
    let lost = world.view().service_tasks(id).nth(2).cloned().unwrap();
    let key = skep_model::ObjectKey::Task(lost.id);
    world.write(vec![Change::Remove { key, version: lost.meta.version }]);
    world.settle();
    world.work();
    let mut slots: Vec<u32> = world.view().service_tasks(id).map(|task| task.slot).collect();
    slots.sort_unstable();
    assert_eq!((world.running(), slots), (5, vec![1, 2, 3, 4, 5]), "what is not there is made anew");
    world.deploy(spec(1));
    world.work();
    assert_eq!((world.running(), world.count(|_| true)), (1, 1));
}

#[test]
fn replicated_scale_down() {
    let mut world = World::new(1);
    world.deploy(spec(4));
    world.work();
    world.write((2..=3).map(|id| Change::Create(node(id).into())).collect());
    world.deploy(spec(6));
    world.work();
    let spread = |world: &World| {
        let view = world.view();
        [1, 2, 3].map(|id| view.node_tasks(NodeId::new(id)).filter(|task| task.is_wanted()).count())
    };
    assert_eq!(spread(&world), [4, 1, 1]);
    world.deploy(spec(4));
    assert_eq!(spread(&world), [2, 1, 1], "the fullest node gives up first");
    world.deploy(spec(3));
    assert_eq!(spread(&world), [1, 1, 1]);
}
