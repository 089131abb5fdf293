//! The planners together on small worlds: what a cluster does from a deploy to a removal, without a runtime or a clock.

mod deploy_test;
mod global_test;
mod jobs_test;
mod property_test;
mod reaper_test;
mod rebalance_test;
mod restart_test;
mod update_test;

use std::sync::Arc;
use std::time::Duration;

use skep_model::{
    CertIssuer, Change, Cluster, ClusterId, ClusterSpec, JoinTokens, Meta, Network, NetworkAttachment,
    NetworkId, NetworkSpec, NetworkTarget, Node, NodeId, NodeState, NodeStatus, Object, PortConfig, PortMode,
    Protocol, RestartCondition, RootCa, Service, ServiceId, ServiceMode, ServiceSpec, Task, TaskState,
    TaskStatus, Timestamp, Transaction, UpdateStatus,
};
use skep_store::{Scratch, Store, View};

use crate::planners;
use crate::scheduler::fixture::node;

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

    /// Deploys a service, or changes it as users do.
    fn deploy(&mut self, spec: ServiceSpec) -> ServiceId {
        self.deploy_as(77, spec)
    }

    fn deploy_as(&mut self, id: u128, spec: ServiceSpec) -> ServiceId {
        let id = ServiceId::new(id);
        let changes = match self.view().service(id) {
            Some(old) => {
                let (service, revision) = old.with_spec(Arc::new(spec), self.now);
                vec![Change::Update(service.into()), Change::Create(revision.into())]
            }
            None => {
                let (service, revision) = Service::new(id, Arc::new(spec), self.now);
                vec![Change::Create(service.into()), Change::Create(revision.into())]
            }
        };
        self.write(changes);
        self.settle();
        id
    }

    fn service(&self) -> Arc<Service> {
        self.view().services().next().unwrap().clone()
    }

    /// How the update of the only service is.
    fn update(&self) -> UpdateStatus {
        self.service().update.as_deref().cloned().unwrap()
    }

    /// Changes a node.
    fn change_node(&mut self, id: u128, change: impl FnOnce(&mut Node)) {
        let mut node = Node::clone(self.view().node(NodeId::new(id)).unwrap());
        change(&mut node);
        self.write(vec![Change::Update(node.into())]);
        self.settle();
    }

    /// Lets the time pass until the planners have nothing to wait for, while the agents do what is desired.
    fn finish(&mut self) {
        self.work();
        for _ in 0..200 {
            let Some(moment) = self.wake_at.filter(|&moment| moment > self.now) else { return };
            self.now = moment;
            self.settle();
            self.work();
        }
        panic!("there is always something to wait for");
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
            self.report(TaskState::Running, is_to_run);
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

/// Whether an agent would start the task now.
fn is_to_run(task: &Task) -> bool {
    matches!(task.desired, TaskState::Running | TaskState::Complete) && task.status.state < TaskState::Running
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

fn spec(replicas: u64) -> ServiceSpec {
    let mut spec = ServiceSpec { name: "web".into(), ..ServiceSpec::default() };
    spec.task.container.image = "web:1".into();
    spec.task.networks =
        vec![NetworkAttachment { target: NetworkTarget::Id(NetworkId::new(2)), aliases: Vec::new() }];
    spec.mode = ServiceMode::Replicated { replicas };
    spec
}
