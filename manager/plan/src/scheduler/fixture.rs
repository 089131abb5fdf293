//! A store with nodes, services and tasks as the scheduler's tests want them.

use std::sync::Arc;

use skep_model::{
    Change, Meta, Node, NodeDescription, NodeId, NodeRole, NodeSpec, NodeState, NodeStatus, Object, Service,
    ServiceEndpoint, ServiceId, ServiceRevision, ServiceSpec, Task, TaskId, TaskState, TaskStatus, Timestamp,
    Transaction,
};
use skep_store::{Store, View};

use super::Scheduler;
use crate::reconciler::Reconciler;

pub(crate) const WEB: ServiceId = ServiceId::new(70);

pub(crate) struct Fixture {
    store: Store,
    pub(crate) now: Timestamp,
    tasks: u128,
}

impl Fixture {
    /// This many ready nodes `host1`, `host2`... of 4 CPUs and 8 GiB, and the service `web` with this spec.
    pub(crate) fn new(nodes: u128, spec: ServiceSpec) -> Self {
        let now = Timestamp::from_nanos(1_000_000_000_000);
        let mut fixture = Self { store: Store::default(), now, tasks: 0 };
        fixture.write((1..=nodes).map(|id| Change::Create(node(id).into())).collect());
        fixture.service(WEB, ServiceSpec { name: "web".into(), ..spec });
        fixture
    }

    pub(crate) fn view(&self) -> View {
        self.store.view()
    }

    pub(crate) fn write(&mut self, changes: Vec<Change>) {
        let index = self.view().version() + 1;
        self.store.apply(index, self.now, Transaction { changes }).unwrap();
    }

    /// Makes a service, or gives it another spec.
    pub(crate) fn service(&mut self, id: ServiceId, spec: ServiceSpec) {
        let (spec, spec_version) = (Arc::new(spec), self.view().version() + 1);
        let meta = Meta::default();
        let revision = ServiceRevision { service: id, spec_version, meta, spec: Arc::clone(&spec) };
        let service = match self.view().service(id) {
            Some(old) => Change::Update(Service { spec, spec_version, ..Service::clone(old) }.into()),
            None => Change::Create(service(id, spec_version, spec).into()),
        };
        self.write(vec![service, Change::Create(revision.into())]);
    }

    pub(crate) fn change_node(&mut self, id: u128, change: impl FnOnce(&mut Node)) {
        let mut node = Node::clone(self.view().node(NodeId::new(id)).unwrap());
        change(&mut node);
        self.write(vec![Change::Update(node.into())]);
    }

    /// A wanted task of a service with its present spec; gives its id.
    pub(crate) fn task(&mut self, service: ServiceId, change: impl FnOnce(&mut Task)) -> TaskId {
        self.tasks += 1;
        let mut task = Task {
            id: TaskId::new(self.tasks),
            meta: Meta::default(),
            service,
            spec_version: self.view().service(service).unwrap().spec_version,
            slot: u32::try_from(self.tasks).unwrap(),
            node: None,
            desired: TaskState::Running,
            status: TaskStatus { state: TaskState::Pending, at: self.now, ..TaskStatus::default() },
            networks: Box::default(),
            restarts: None,
            generic: Box::default(),
            timeline: Box::default(),
            dismissed: None,
        };
        change(&mut task);
        let id = task.id;
        self.write(vec![Change::Create(task.into())]);
        id
    }

    /// Pending tasks of `web`.
    pub(crate) fn pending(&mut self, count: usize) -> Vec<TaskId> {
        (0..count).map(|_| self.task(WEB, |_| {})).collect()
    }

    /// A task that is on a node, in this state.
    pub(crate) fn on(&mut self, service: ServiceId, node: u128, state: TaskState) -> TaskId {
        self.task(service, |task| {
            task.node = Some(NodeId::new(node));
            task.status.state = state;
        })
    }

    pub(crate) fn change_task(&mut self, id: TaskId, change: impl FnOnce(&mut Task)) {
        let mut task = Task::clone(self.view().task(id).unwrap());
        change(&mut task);
        self.write(vec![Change::Update(Object::Task(Arc::new(task)))]);
    }

    /// Plans until nothing is left to plan; gives how many tasks got a node.
    pub(crate) fn schedule(&mut self) -> usize {
        let mut placed = 0;
        for _ in 0..100 {
            let plan = Scheduler.plan(&self.view(), self.now);
            assert_eq!(plan, Scheduler.plan(&self.view(), self.now), "the same view gives the same plan");
            let changes: Vec<Change> = plan.groups.into_iter().flatten().collect();
            if changes.is_empty() {
                return placed;
            }
            let given = |change: &&Change| match change {
                Change::Update(Object::Task(task)) => task.status.state == TaskState::Assigned,
                _ => false,
            };
            placed += changes.iter().filter(given).count();
            self.write(changes);
        }
        panic!("the scheduler does not come to rest");
    }

    pub(crate) fn node_of(&self, id: TaskId) -> Option<u128> {
        let view = self.view();
        let task = view.task(id).unwrap();
        task.node.filter(|_| task.status.state >= TaskState::Assigned).map(NodeId::value)
    }

    pub(crate) fn error(&self, id: TaskId) -> String {
        self.view().task(id).unwrap().status.error.to_string()
    }

    /// Active tasks of `web` on each node, by id.
    pub(crate) fn spread(&self) -> Vec<u32> {
        let view = self.view();
        let count = |node: &Arc<Node>| {
            let there = view.node_tasks(node.id).filter(|task| task.service == WEB);
            there.filter(|task| !task.status.state.is_ended()).count() as u32
        };
        view.nodes().map(count).collect()
    }
}

pub(crate) fn service(id: ServiceId, spec_version: u64, spec: Arc<ServiceSpec>) -> Service {
    Service {
        id,
        meta: Meta::default(),
        spec,
        spec_version,
        previous_spec: None,
        update: None,
        job: None,
        rebalance: Vec::new(),
        endpoint: ServiceEndpoint::default(),
    }
}

pub(crate) fn node(id: u128) -> Node {
    let description = NodeDescription {
        hostname: format!("host{id}"),
        architecture: "x86_64".into(),
        os: "linux".into(),
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
