//! What is forgotten, and what is kept.

use super::*;

#[test]
fn removing_a_service_leaves_nothing() {
    let mut world = World::new(1);
    let id = world.deploy(spec(3));
    world.work();
    let service = world.view().service(id).unwrap().clone();
    let key = skep_model::ObjectKey::Service(id);
    world.write(vec![Change::Remove { key, version: service.meta.version }]);
    world.settle();
    assert_eq!(world.count(|task| task.desired == TaskState::Remove), 3);
    world.work();
    let view = world.view();
    assert_eq!((view.tasks().count(), view.revisions().count()), (0, 0));
}

#[test]
fn a_slot_keeps_its_last_tries() {
    let mut world = World::new(1);
    world.deploy(spec(1));
    for _ in 0..9 {
        world.work();
        world.report(TaskState::Failed, |task| task.status.state == TaskState::Running);
        world.wait(Duration::from_secs(5));
    }
    assert_eq!(world.count(|task| task.status.state == TaskState::Failed), 5);
}

#[test]
fn plain_containers_are_no_tasks_and_go_with_their_node_and_hold_their_network() {
    let mut world = World::new(2);
    world.deploy(spec(2));
    world.work();
    let attachment = |id: u128, node: u128| skep_model::Attachment {
        id: skep_model::AttachmentId::new(id),
        meta: skep_model::Meta::default(),
        node: NodeId::new(node),
        container: "c".into(),
        name: "db".into(),
        places: Vec::new(),
        error: String::new(),
    };
    let before = world.view().tasks().count();
    world.write((1..=2).map(|id| Change::Create(attachment(id, id).into())).collect());
    let node = Node::clone(world.view().node(NodeId::new(1)).unwrap());
    let spec = skep_model::NodeSpec { availability: skep_model::Availability::Drain, ..node.spec.clone() };
    world.write(vec![Change::Update(Node { spec, ..node }.into())]);
    world.work();
    assert_eq!(world.view().attachments().count(), 2, "a drain leaves them alone");
    let version = world.view().node(NodeId::new(1)).unwrap().meta.version;
    let key = skep_model::ObjectKey::Node(NodeId::new(1));
    world.write(vec![Change::Remove { key, version }]);
    world.settle();
    let left: Vec<_> = world.view().attachments().map(|one| one.node).collect();
    assert_eq!(left, [NodeId::new(2)]);
    assert!(world.view().tasks().count() >= before);
}

#[test]
fn a_record_is_kept_of_each_forgotten_task() {
    let mut world = World::new(1);
    let id = world.deploy(spec(1));
    for _ in 0..7 {
        world.work();
        world.report(TaskState::Failed, |task| task.status.state == TaskState::Running);
        world.wait(Duration::from_secs(5));
    }
    let view = world.view();
    assert_eq!(view.task_records().count(), 2, "seven failed, five are kept");
    let record = view.task_records().next().unwrap();
    assert_eq!((record.service, record.slot, record.node), (id, 1, Some(NodeId::new(1))));
    assert_eq!((record.service_name.as_str(), record.image.as_str()), ("web", "web:1"));
    assert_eq!((record.node_name.as_str(), record.status.state), ("host1", TaskState::Failed));
    assert!(record.timeline.iter().any(|step| step.0 == TaskState::Running));
}

#[test]
fn the_newest_records_are_kept() {
    let mut world = World::new(1);
    let kept = skep_model::limits::TASK_RECORDS_KEPT;
    for round in 0..3 {
        world.now = world.now.plus(Duration::from_secs(1));
        world.deploy_as(round, ServiceSpec { name: format!("s{round}"), ..spec(900) });
        let service = world.view().service(ServiceId::new(round)).unwrap().clone();
        let key = skep_model::ObjectKey::Service(service.id);
        world.write(vec![Change::Remove { key, version: service.meta.version }]);
        world.work();
    }
    let view = world.view();
    assert_eq!((view.task_records().count(), view.tasks().count()), (kept, 0));
    let of = |round: u128| view.task_records().filter(|it| it.service == ServiceId::new(round)).count();
    assert_eq!((of(0), of(1), of(2)), (kept - 1800, 900, 900), "the oldest went");
}

#[test]
fn service_remove_dead_tasks() {
    let mut world = World::new(2);
    let id = world.deploy(spec(2));
    world.work();
    world.report(TaskState::Failed, |task| task.slot == 1);
    world.change_node(2, |node| node.status.state = NodeState::Down);
    let service = world.view().service(id).unwrap().clone();
    let key = skep_model::ObjectKey::Service(id);
    world.write(vec![Change::Remove { key, version: service.meta.version }]);
    world.settle();
    assert!(world.view().tasks().all(|task| task.desired == TaskState::Remove));
    assert_eq!(world.count(|task| task.status.state.is_ended()), 0, "what ended is forgotten at once");
}

#[test]
fn service_remove_keeps_ingress_network() {
    let mut world = World::new(1);
    let ingress = NetworkId::new(1);
    let mut published = spec(1);
    published.endpoint.ports = vec![PortConfig {
        protocol: Protocol::Tcp,
        target: 80,
        published: 8080,
        mode: PortMode::Ingress,
        address: None,
    }];
    for _ in 0..2 {
        let id = world.deploy(published.clone());
        world.work();
        let on_ingress = |task: &Task| task.address_on(ingress).is_some();
        assert_eq!((world.running(), world.count(on_ingress)), (1, 1));
        let service = world.view().service(id).unwrap().clone();
        let key = skep_model::ObjectKey::Service(id);
        world.write(vec![Change::Remove { key, version: service.meta.version }]);
        world.work();
        let view = world.view();
        assert_eq!(view.tasks().count(), 0);
        let kept = view.networks().find(|network| network.id == ingress).unwrap();
        assert!(kept.subnet.is_some() && !kept.removing);
    }
}
