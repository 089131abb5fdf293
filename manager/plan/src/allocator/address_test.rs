//! What is given out: never twice, never out of range, never too soon, and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use skep_model::{
    Change, Cluster, ClusterId, ClusterSpec, JoinTokens, Meta, Network, NetworkAttachment, NetworkId,
    NetworkSpec, NetworkTarget, Object, ObjectKey, RootCa, Service, ServiceEndpoint, ServiceId,
    ServiceRevision, ServiceSpec, Subnet, Task, TaskId, TaskNetwork, TaskState, TaskStatus, Timestamp,
    Transaction, UnlockKey, limits,
};
use skep_runtime::Env;
use skep_store::{Scratch, Store, View};

use super::Allocator;
use crate::reconciler::Reconciler;

pub(super) struct World {
    store: Store,
    now: Timestamp,
    wake_at: Option<Timestamp>,
}

impl World {
    /// A swarm whose only pool is this, cut into subnets of so many bits.
    pub(super) fn new(pool: &str, bits: u8) -> Self {
        let spec = ClusterSpec {
            address_pools: vec![pool.parse().unwrap()],
            subnet_prefix_bits: bits,
            ..ClusterSpec::default()
        };
        let root_ca = RootCa {
            certificate_pem: String::new(),
            key_pem: String::new(),
            issuer: skep_model::CertIssuer::default(),
        };
        let cluster = Cluster {
            id: ClusterId::new(1),
            meta: Meta::default(),
            spec,
            root_ca,
            root_rotation: None,
            cross_certificates: Vec::new(),
            join_tokens: JoinTokens::default(),
            epoch: 0,
            unlock_key: UnlockKey::default(),
        };
        let mut world = Self { store: Store::default(), now: Timestamp::from_nanos(1 << 60), wake_at: None };
        world.write(vec![Change::Create(cluster.into())]);
        world
    }

    pub(super) fn view(&self) -> View {
        self.store.view()
    }

    pub(super) fn write(&mut self, changes: Vec<Change>) {
        let index = self.view().version() + 1;
        self.store.apply(index, self.now, Transaction { changes }).unwrap();
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    /// Runs the allocator until it has nothing to change.
    pub(super) fn allocate(&mut self) {
        for _ in 0..5 {
            let view = self.view();
            let plan = Allocator.plan(&view, self.now);
            self.wake_at = plan.wake_at;
            let mut scratch = Scratch::new(view);
            scratch.apply(plan.groups.into_iter().flatten());
            match scratch.into_transaction().changes {
                changes if changes.is_empty() => return,
                changes => self.write(changes),
            }
        }
        panic!("the allocator does not come to rest");
    }

    pub(super) fn network(&mut self, id: u128, spec: NetworkSpec) {
        let spec = NetworkSpec { name: format!("n{id}"), ..spec };
        let network = Network {
            id: NetworkId::new(id),
            meta: Meta::default(),
            spec,
            subnet: None,
            subnet6: None,
            address_cursor: 0,
            removing: false,
        };
        self.write(vec![Change::Create(network.into())]);
        self.allocate();
    }

    fn subnet(&self, id: u128) -> Option<String> {
        self.view().network(NetworkId::new(id)).unwrap().subnet.map(|subnet| subnet.to_string())
    }

    fn service(&mut self, id: u128, networks: &[u128]) {
        let place = |id: &u128| NetworkAttachment {
            target: NetworkTarget::Id(NetworkId::new(*id)),
            aliases: Vec::new(),
        };
        let mut spec = ServiceSpec { name: format!("s{id}"), ..ServiceSpec::default() };
        spec.task.networks = networks.iter().map(place).collect();
        let (id, spec) = (ServiceId::new(id), Arc::new(spec));
        let revision =
            ServiceRevision { service: id, spec_version: 1, meta: Meta::default(), spec: Arc::clone(&spec) };
        let service = Service {
            id,
            meta: Meta::default(),
            spec,
            spec_version: 1,
            previous_spec: None,
            update: None,
            job: None,
            rebalance: Vec::new(),
            endpoint: ServiceEndpoint::default(),
        };
        self.write(vec![Change::Create(service.into()), Change::Create(revision.into())]);
    }

    fn task(&mut self, id: u128, service: u128) {
        let task = Task {
            id: TaskId::new(id),
            meta: Meta::default(),
            service: ServiceId::new(service),
            spec_version: 1,
            slot: 1,
            node: None,
            desired: TaskState::Running,
            status: TaskStatus::default(),
            networks: Box::default(),
            restarts: None,
            generic: Box::default(),
            timeline: Box::default(),
            dismissed: None,
        };
        self.write(vec![Change::Create(task.into())]);
    }

    fn end(&mut self, id: u128) {
        let task = Task::clone(self.view().task(TaskId::new(id)).unwrap());
        let status = TaskStatus { state: TaskState::Failed, ..TaskStatus::default() };
        self.write(vec![Change::Update(Task { status, ..task }.into())]);
    }

    fn remove(&mut self, key: ObjectKey) {
        if let Some(object) = self.view().get(key) {
            self.write(vec![Change::Remove { key, version: object.meta().version }]);
        }
    }

    fn address(&self, id: u128) -> Option<Ipv4Addr> {
        self.view().task(TaskId::new(id)).unwrap().networks.first().map(|place| place.address)
    }

    fn error(&self, id: u128) -> String {
        self.view().task(TaskId::new(id)).unwrap().status.error.to_string()
    }

    /// Who holds what, and that nobody else does.
    fn held(&self) -> BTreeSet<(NetworkId, Ipv4Addr)> {
        let view = self.view();
        let vips = view.services().flat_map(|service| service.endpoint.vips.clone());
        let living = view.tasks().filter(|task| !task.status.state.is_ended());
        let tasks = living.flat_map(|task| task.networks.iter().map(|place| (place.network, place.address)));
        let all: Vec<_> = vips.chain(tasks).collect();
        let held: BTreeSet<_> = all.iter().copied().collect();
        assert_eq!(held.len(), all.len(), "an address was given out twice: {all:?}");
        for network in view.networks() {
            let in_use: BTreeSet<_> = view.addresses_in_use(network.id, Ipv4Addr::UNSPECIFIED).collect();
            let own = held.iter().filter(|held| held.0 == network.id).map(|held| held.1).collect();
            assert_eq!(in_use, own);
        }
        held
    }
}

pub(super) fn asked(subnet: &str, range: &str, gateway: &str) -> NetworkSpec {
    NetworkSpec {
        subnet: subnet.parse().ok(),
        ip_range: range.parse().ok(),
        gateway: gateway.parse().ok(),
        ..NetworkSpec::default()
    }
}

#[test]
fn addresses_come_from_the_range_and_never_are_the_gateways() {
    for (subnet, range, gateway, wanted) in [
        ("10.5.0.0/29", "", "", "10.5.0.2 10.5.0.3 10.5.0.4 10.5.0.5 10.5.0.6"),
        ("10.5.0.0/29", "", "10.5.0.3", "10.5.0.1 10.5.0.2 10.5.0.4 10.5.0.5 10.5.0.6"),
        ("10.5.0.0/24", "10.5.0.128/30", "", "10.5.0.128 10.5.0.129 10.5.0.130 10.5.0.131"),
        ("10.5.0.0/24", "10.5.0.252/30", "10.5.0.253", "10.5.0.252 10.5.0.254"),
    ] {
        let mut world = World::new("10.0.0.0/8", 24);
        world.network(1, asked(subnet, range, gateway));
        world.service(1, &[1]);
        (1..=8).for_each(|id| world.task(id, 1));
        world.allocate();
        let given: Vec<String> = world.held().iter().map(|(_, address)| address.to_string()).collect();
        assert_eq!(given.join(" "), wanted, "{subnet} {range} {gateway}");
        let full = (1..=8)
            .filter(|id| world.error(*id).contains("n1 has no free address: give it a larger"))
            .count();
        assert_eq!(full, 8 + 1 - given.len(), "the virtual address is one of them");
        assert_eq!(world.wake_at, None, "waiting does not help");
    }
}

#[test]
fn what_waits_for_an_address_gets_it_when_it_has_rested() {
    let mut world = World::new("10.0.0.0/8", 24);
    world.network(1, asked("10.5.0.0/29", "", ""));
    world.service(1, &[1]);
    (1..=4).for_each(|id| world.task(id, 1));
    world.allocate();
    let freed = world.address(2).unwrap();
    world.end(2);
    let end = world.now.plus(limits::ADDRESS_REST_MIN);
    world.wait(2);
    world.end(3);
    world.service(2, &[1]);
    world.task(5, 1);
    world.allocate();
    assert_eq!((world.address(5), world.wake_at), (None, Some(end)));
    let text = "the network n1 has no free address that was not in use less than 5 s ago: waiting for one";
    assert_eq!(world.error(5), text);
    assert_eq!(world.view().service(ServiceId::new(2)).unwrap().endpoint.error, text);
    world.wait(2);
    world.allocate();
    assert_eq!(world.address(5), None);
    world.wait(1);
    world.allocate();
    // Services come first: without its virtual address nobody finds one.
    let service = world.view().service(ServiceId::new(2)).unwrap().clone();
    assert_eq!(
        (service.endpoint.vips.as_slice(), service.endpoint.error.as_str()),
        (&[(NetworkId::new(1), freed)][..], "")
    );
    assert_eq!(world.wake_at, Some(end.plus(Duration::from_secs(2))));
    world.wait(2);
    world.allocate();
    assert!(world.address(5).is_some() && world.error(5).is_empty() && world.wake_at.is_none());
}

#[test]
fn tasks_that_end_again_and_again_do_not_use_up_a_network() {
    let mut world = World::new("10.0.0.0/8", 24);
    world.network(1, asked("10.5.0.0/28", "", ""));
    world.service(1, &[1]);
    world.task(1, 1);
    world.allocate();
    let mut released = BTreeMap::new();
    for id in 2..60 {
        let address = world.address(id - 1).unwrap();
        world.end(id - 1);
        released.insert(address, world.now);
        world.wait(1);
        world.task(id, 1);
        world.allocate();
        let next = world.address(id).unwrap();
        let rest = released.get(&next).map(|at: &Timestamp| world.now.since(*at));
        assert!(rest.is_none_or(|rest| rest >= Duration::from_secs(12)), "not the one that rested longest");
    }
}

#[test]
fn who_waits_for_one_network_holds_nothing_of_another() {
    let mut world = World::new("10.0.0.0/8", 24);
    world.network(1, asked("10.5.0.0/24", "", ""));
    world.network(2, asked("10.6.0.0/29", "", ""));
    world.service(1, &[1, 2]);
    (1..=9).for_each(|id| world.task(id, 1));
    world.allocate();
    let on = |id| world.held().iter().filter(|held| held.0 == NetworkId::new(id)).count();
    assert_eq!((on(1), on(2)), (5, 5));
}

#[test]
fn subnets_of_the_pools_rest_and_users_choices_are_kept_free() {
    let mut world = World::new("10.0.0.0/22", 24);
    world.network(1, asked("", "", ""));
    world.network(2, asked("10.0.1.0/25", "", ""));
    world.network(3, asked("", "", ""));
    let subnets = [1, 2, 3].map(|id| world.subnet(id).unwrap());
    assert_eq!(subnets, ["10.0.0.0/24", "10.0.1.0/25", "10.0.2.0/24"]);
    world.network(4, asked("10.0.2.128/25", "", ""));
    assert_eq!(world.subnet(4), None, "it is another's");
    world.remove(ObjectKey::Network(NetworkId::new(4)));
    world.remove(ObjectKey::Network(NetworkId::new(1)));
    let end = world.now.plus(limits::ADDRESS_REST);
    world.network(5, asked("", "", ""));
    world.network(6, asked("", "", ""));
    assert_eq!((world.subnet(5), world.subnet(6)), (Some("10.0.3.0/24".into()), None));
    assert_eq!(world.wake_at, Some(end));
    world.wait(60);
    world.allocate();
    assert_eq!((world.subnet(6), world.wake_at), (Some("10.0.0.0/24".into()), None));
}

#[test]
fn a_subnet_that_is_asked_for_again_comes_at_once_with_addresses_that_rest() {
    let mut world = World::new("10.0.0.0/8", 24);
    world.network(1, asked("10.5.0.0/29", "", ""));
    world.service(1, &[1]);
    world.task(1, 1);
    world.allocate();
    let before = world.held();
    for key in [
        ObjectKey::Task(TaskId::new(1)),
        ObjectKey::Service(ServiceId::new(1)),
        ObjectKey::Network(NetworkId::new(1)),
    ] {
        world.remove(key);
    }
    world.network(2, asked("10.5.0.0/29", "", ""));
    world.service(2, &[2]);
    world.task(2, 2);
    world.allocate();
    assert_eq!(world.subnet(2).as_deref(), Some("10.5.0.0/29"));
    assert!(world.held().iter().all(|(_, address)| before.iter().all(|(_, old)| old != address)));
}

#[test]
fn a_nearly_full_network_is_searched_in_short_time() {
    let mut world = World::new("10.0.0.0/8", 24);
    world.network(1, asked("10.5.0.0/16", "", ""));
    world.service(1, &[1]);
    world.allocate();
    // 60000 addresses in one row behind the cursor, and 10000 tasks that want what is left.
    let network = NetworkId::new(1);
    let first = u32::from(Ipv4Addr::new(10, 5, 0, 3));
    let changes = (0..60_000_u32).map(|number| {
        let place = TaskNetwork { network, address: Ipv4Addr::from_bits(first + number) };
        let status = TaskStatus { state: TaskState::Running, ..TaskStatus::default() };
        Change::Create(Object::Task(Arc::new(Task {
            id: TaskId::new(u128::from(number) + 1),
            meta: Meta::default(),
            service: ServiceId::new(1),
            spec_version: 1,
            slot: number,
            node: None,
            desired: TaskState::Running,
            status,
            networks: [place].into(),
            restarts: None,
            generic: Box::default(),
            timeline: Box::default(),
            dismissed: None,
        })))
    });
    world.write(changes.collect());
    (100_001..=110_000).for_each(|id| world.task(id, 1));
    let env = Env::real();
    let start = env.now();
    world.allocate();
    println!("10000 tasks on a /16 with 60000 addresses in use: {:?}", env.now().since(start));
    // Of 65534 hosts the gateway's is never given out.
    assert_eq!(world.held().len(), 65_533);
}

#[test]
fn many_services_are_planned_in_short_time() {
    let mut world = World::new("10.0.0.0/8", 24);
    world.network(1, asked("10.5.0.0/16", "", ""));
    (1..=10_000).for_each(|id| world.service(id, &[1]));
    let env = Env::real();
    let start = env.now();
    world.allocate();
    println!("10000 services: {:?}", env.now().since(start));
    assert_eq!(world.held().len(), 10_000);
}

#[derive(Clone, Debug)]
enum Step {
    Service(u128),
    RemoveService(u128),
    Task(u128, u128),
    End(u128),
    RemoveTask(u128),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => (1..4_u128).prop_map(Step::Service),
        1 => (1..4_u128).prop_map(Step::RemoveService),
        6 => (1..12_u128, 1..4_u128).prop_map(|(id, service)| Step::Task(id, service)),
        3 => (1..12_u128).prop_map(Step::End),
        3 => (1..12_u128).prop_map(Step::RemoveTask),
        2 => (0..45_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..80)
}

fn take(world: &mut World, step: &Step) {
    let view = world.view();
    match *step {
        // Each service is on one of the two networks, the third on both.
        Step::Service(id)
            if view.service(ServiceId::new(id)).is_none()
                && view.revision(ServiceId::new(id), 1).is_none() =>
        {
            world.service(
                id,
                match id {
                    1 => &[1],
                    2 => &[2],
                    _ => &[1, 2],
                },
            );
        }
        Step::RemoveService(id) => {
            // Its spec goes with its last task; here at once, with all of them.
            let tasks: Vec<_> = view.service_tasks(ServiceId::new(id)).map(|task| task.id).collect();
            tasks.into_iter().for_each(|task| world.remove(ObjectKey::Task(task)));
            world.remove(ObjectKey::Service(ServiceId::new(id)));
            world.remove(ObjectKey::ServiceRevision((ServiceId::new(id), 1)));
        }
        Step::Task(id, service)
            if view.task(TaskId::new(id)).is_none() && view.service(ServiceId::new(service)).is_some() =>
        {
            world.task(id, service);
        }
        Step::End(id) if view.task(TaskId::new(id)).is_some_and(|task| !task.status.state.is_ended()) => {
            world.end(id)
        }
        Step::RemoveTask(id) => world.remove(ObjectKey::Task(TaskId::new(id))),
        Step::Wait(seconds) => world.wait(seconds),
        Step::Service(_) | Step::Task(..) | Step::End(_) => {}
    }
}

/// Addresses of a network that are free and have rested so long.
fn free(world: &World, network: &Network, released: &BTreeMap<Ipv4Addr, Timestamp>, rest: Duration) -> usize {
    let view = world.view();
    let all = network.assignable().unwrap();
    let rested = |address: Ipv4Addr| released.get(&address).is_none_or(|at| world.now.since(*at) >= rest);
    (all.start().to_bits()..=all.end().to_bits())
        .map(Ipv4Addr::from_bits)
        .filter(|&address| {
            Some(address) != network.gateway() && !view.address_in_use(network.id, address) && rested(address)
        })
        .count()
}

proptest! {
    #[test]
    fn what_is_in_use_is_what_lives_and_nothing_comes_back_too_soon(steps in steps()) {
        let mut world = World::new("10.0.0.0/8", 24);
        world.network(1, asked("10.5.0.0/29", "", ""));
        world.network(2, asked("10.6.0.0/24", "10.6.0.8/29", "10.6.0.9"));
        let ranges: [Subnet; 2] = ["10.5.0.0/29", "10.6.0.8/29"].map(|text| text.parse().unwrap());
        let mut before = world.held();
        let mut released = BTreeMap::new();
        for step in steps {
            take(&mut world, &step);
            let left = world.held();
            released.extend(before.difference(&left).map(|held| (held.1, world.now)));
            let rested = |world: &World, network: &Network| free(world, network, &released, limits::ADDRESS_REST);
            let could = world.view().networks().map(|one| (one.id, rested(&world, one))).collect::<BTreeMap<_, _>>();
            world.allocate();
            let after = world.held();
            for (network, address) in after.difference(&left) {
                let known = Network::clone(world.view().network(*network).unwrap());
                prop_assert!(ranges.iter().any(|range| range.contains(*address)), "{} is out of range", address);
                prop_assert!(known.assignable().unwrap().contains(address) && known.gateway() != Some(*address));
                let rest = released.get(address).map(|at: &Timestamp| world.now.since(*at));
                prop_assert!(rest.is_none_or(|rest| rest >= limits::ADDRESS_REST_MIN), "{} after {:?}", address, rest);
                let given = after.difference(&left).filter(|held| held.0 == *network).count();
                let soon = rest.is_some_and(|rest| rest < limits::ADDRESS_REST);
                prop_assert!(!soon || given > could[network], "{} after {:?} though there are others", address, rest);
            }
            // Nobody waits while every network it is on has something to give, and whoever waits is looked at again.
            let view = world.view();
            for task in view.tasks().filter(|task| task.status.state == TaskState::New) {
                let spec = view.task_spec(task).unwrap();
                let short = spec.task.networks.iter().filter_map(|place| place.target.id()).any(|id| {
                    free(&world, view.network(id).unwrap(), &released, limits::ADDRESS_REST_MIN) == 0
                });
                prop_assert!(short && !task.status.error.is_empty());
                prop_assert!(!task.status.error.contains("waiting") || world.wake_at.is_some());
            }
            before = after;
        }
    }
}
