//! The planners together on small worlds: what a cluster does from a deploy to a removal, without a runtime or a clock.

use std::sync::Arc;
use std::time::Duration;

use skep_model::{
    CertIssuer, Change, Cluster, ClusterId, ClusterSpec, JoinTokens, Meta, Network, NetworkAttachment,
    NetworkId, NetworkSpec, NetworkTarget, Node, NodeDescription, NodeId, NodeRole, NodeSpec, NodeState,
    NodeStatus, Object, PortConfig, PortMode, Protocol, RestartCondition, RootCa, Service, ServiceEndpoint,
    ServiceId, ServiceMode, ServiceRevision, ServiceSpec, Task, TaskState, TaskStatus, Timestamp,
    Transaction,
};
use skep_store::{Scratch, Store, View};

use crate::planners;

struct World {
    store: Store,
    now: Timestamp,
    wake_at: Option<Timestamp>,
}

impl World {
    /// A cluster with this many ready nodes of 4 CPUs and 8 GiB.
    fn new(nodes: u128) -> Self {
        let start = Timestamp::from_nanos(1_000_000_000_000);
        let mut world = Self { store: Store::default(), now: start, wake_at: None };
        let root_ca =
            RootCa { certificate_pem: String::new(), key_pem: String::new(), issuer: CertIssuer::default() };
        let cluster = Cluster {
            id: ClusterId::new(1),
            meta: Meta::default(),
            spec: ClusterSpec::default(),
            root_ca,
            root_rotation: None,
            cross_certificates: Vec::new(),
            join_tokens: JoinTokens::default(),
            epoch: 0,
            unlock_key: skep_model::UnlockKey::default(),
        };
        let ingress = NetworkSpec { name: "ingress".into(), ingress: true, ..NetworkSpec::default() };
        let app = NetworkSpec { name: "app".into(), ..NetworkSpec::default() };
        world.write(vec![
            Change::Create(cluster.into()),
            Change::Create(network(1, ingress).into()),
            Change::Create(network(2, app).into()),
        ]);
        world.write((1..=nodes).map(|id| Change::Create(node(id).into())).collect());
        world
    }

    fn write(&mut self, changes: Vec<Change>) {
        let index = self.store.view().version() + 1;
        self.store.apply(index, self.now, Transaction { changes }).unwrap();
    }

    fn view(&self) -> View {
        self.store.view()
    }

    /// Runs all planners until they have nothing to change; fails when they never come to rest.
    fn settle(&mut self) {
        for _ in 0..50 {
            let mut scratch = Scratch::new(self.view());
            self.wake_at = None;
            for planner in planners() {
                let plan = planner.plan(&scratch.view(), self.now);
                assert_eq!(plan, planner.plan(&scratch.view(), self.now), "{} is not pure", planner.name());
                self.wake_at = [self.wake_at, plan.wake_at].into_iter().flatten().min();
                scratch.apply(plan.groups.into_iter().flatten());
            }
            let transaction = scratch.into_transaction();
            if transaction.changes.is_empty() {
                return;
            }
            self.write(transaction.changes);
        }
        panic!("the planners do not come to rest");
    }

    fn wait(&mut self, duration: Duration) {
        self.now = self.now.plus(duration);
        self.settle();
    }

    /// Deploys a service, or changes it.
    fn deploy(&mut self, spec: ServiceSpec) -> ServiceId {
        let id = ServiceId::new(77);
        let version = self.view().version() + 1;
        let revision = ServiceRevision {
            service: id,
            spec_version: version,
            meta: Meta::default(),
            spec: Arc::new(spec.clone()),
        };
        let service = match self.view().service(id) {
            Some(old) => Change::Update(
                Service { spec: Arc::new(spec), spec_version: version, ..Service::clone(old) }.into(),
            ),
            None => Change::Create(
                Service {
                    id,
                    meta: Meta::default(),
                    spec: Arc::new(spec),
                    spec_version: version,
                    previous_spec: None,
                    update: None,
                    job: None,
                    rebalance: Vec::new(),
                    endpoint: ServiceEndpoint::default(),
                }
                .into(),
            ),
        };
        self.write(vec![service, Change::Create(revision.into())]);
        self.settle();
        id
    }

    /// The agents report a state for all tasks that fit.
    fn report(&mut self, state: TaskState, fits: impl Fn(&Task) -> bool) {
        let view = self.view();
        let reported = view.tasks().filter(|task| task.node.is_some() && fits(task)).map(|task| {
            assert!(task.status.state.may_become(state), "{} -> {state}", task.status.state);
            let status = TaskStatus { state, at: self.now, ..TaskStatus::default() };
            Change::Update(Object::Task(Arc::new(Task { status, ..Task::clone(task) })))
        });
        let reported = reported.collect();
        self.write(reported);
        self.settle();
    }

    /// The agents do what is desired, until nothing moves.
    fn work(&mut self) {
        for _ in 0..50 {
            let before = self.view().version();
            self.report(TaskState::Running, |task| {
                task.desired == TaskState::Running && task.status.state < TaskState::Running
            });
            self.report(TaskState::Shutdown, |task| {
                task.desired > TaskState::Complete && !task.status.state.is_ended()
            });
            if self.view().version() <= before + 2 {
                return;
            }
        }
        panic!("the agents do not come to rest");
    }

    fn count(&self, fits: impl Fn(&Task) -> bool) -> usize {
        self.view().tasks().filter(|task| fits(task)).count()
    }

    fn running(&self) -> usize {
        self.count(|task| task.status.state == TaskState::Running)
    }
}

fn network(id: u128, spec: NetworkSpec) -> Network {
    Network {
        id: NetworkId::new(id),
        meta: Meta::default(),
        spec,
        subnet: None,
        subnet6: None,
        address_cursor: 0,
        removing: false,
    }
}

fn node(id: u128) -> Node {
    let description = NodeDescription {
        hostname: format!("host{id}"),
        nano_cpus: 4_000_000_000,
        memory_bytes: 8 << 30,
        ..NodeDescription::default()
    };
    Node {
        id: NodeId::new(id),
        meta: Meta::default(),
        spec: NodeSpec::default(),
        role: NodeRole::Worker,
        description,
        status: NodeStatus { state: NodeState::Ready, ..NodeStatus::default() },
        manager: None,
        key_digest: String::new(),
        certificate: None,
        number: 0,
    }
}

fn spec(replicas: u64) -> ServiceSpec {
    let mut spec = ServiceSpec { name: "web".into(), ..ServiceSpec::default() };
    spec.task.container.image = "web:1".into();
    spec.task.networks =
        vec![NetworkAttachment { target: NetworkTarget::Id(NetworkId::new(2)), aliases: Vec::new() }];
    spec.mode = ServiceMode::Replicated { replicas };
    spec
}

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
fn a_changed_spec_replaces_one_task_at_a_time() {
    let mut world = World::new(1);
    world.deploy(spec(3));
    world.work();
    let mut changed = spec(3);
    changed.task.container.image = "web:2".into();
    world.deploy(changed);
    assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), 1);
    world.report(TaskState::Shutdown, |task| task.desired == TaskState::Shutdown);
    assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), 1, "the next waits for the first");
    world.work();
    assert_eq!(world.running(), 3);
    assert_eq!(world.count(|task| task.desired == TaskState::Shutdown), 3);
    assert_eq!(world.view().revisions().count(), 2, "history still names the old spec");
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
