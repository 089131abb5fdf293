//! The store's promises: all or nothing, versions, indexes that equal a full scan, a watch that misses nothing.

use std::sync::Arc;

use proptest::prelude::*;
use skep_model::{
    AttachedPlace, Attachment, AttachmentId, Change, Meta, Network, NetworkId, NetworkSpec, NodeId, Object,
    ObjectKey, Service, ServiceEndpoint, ServiceId, ServiceSpec, Task, TaskId, TaskNetwork, TaskState,
    TaskStatus, Timestamp, Transaction,
};

use crate::index::Indexes;
use crate::{Behind, Command, Door, ProposeError, Proposer, Refused, Store, View, WriteError};

fn service(id: u128, name: &str) -> Service {
    Service {
        id: ServiceId::new(id),
        meta: Meta::default(),
        spec: Arc::new(ServiceSpec { name: name.into(), ..ServiceSpec::default() }),
        spec_version: 0,
        previous_spec: None,
        update: None,
        job: None,
        rebalance: Vec::new(),
        endpoint: ServiceEndpoint::default(),
    }
}

fn create(object: impl Into<Object>) -> Change {
    Change::Create(object.into())
}

fn apply(store: &Store, changes: Vec<Change>) -> Result<(), Refused> {
    let index = store.view().version() + 1;
    store.apply(index, Timestamp::from_nanos(index), Transaction { changes })
}

#[test]
fn a_transaction_happens_as_a_whole_or_not_at_all() {
    let store = Store::default();
    apply(&store, vec![create(service(1, "a"))]).unwrap();
    let refused = apply(&store, vec![create(service(2, "b")), create(service(3, "a"))]);
    assert!(matches!(refused, Err(Refused::NameTaken { .. })));
    assert!(store.view().service_named("b").is_none());
    assert_eq!(store.view().version(), 2);
}

#[test]
fn a_stale_write_is_refused() {
    let store = Store::default();
    apply(&store, vec![create(service(1, "a"))]).unwrap();
    let read = store.view().service_named("a").unwrap().clone();
    apply(&store, vec![Change::Update(Object::Service(Arc::clone(&read)))]).unwrap();
    let key = ObjectKey::Service(read.id);
    let stale = apply(&store, vec![Change::Update(Object::Service(read))]);
    assert_eq!(stale, Err(Refused::Conflict { key }));
    let gone = apply(&store, vec![Change::Remove { key: ObjectKey::Service(ServiceId::new(9)), version: 1 }]);
    assert!(matches!(gone, Err(Refused::Missing { .. })));
}

/// A replica that lags behind: what others wrote comes when it is confirmed.
struct Lagging {
    store: Arc<Store>,
    reachable: bool,
}

#[async_trait::async_trait]
impl Proposer for Lagging {
    async fn propose(&self, _: Command) -> Result<u64, ProposeError> {
        Err(ProposeError::NotLeader { leader: None })
    }

    async fn confirm(&self) -> Result<(), ProposeError> {
        if !self.reachable {
            return Err(ProposeError::NotLeader { leader: None });
        }
        apply(&self.store, vec![create(service(1, "a"))]).unwrap();
        Ok(())
    }
}

#[tokio::test]
async fn that_nothing_is_to_be_done_is_only_said_of_a_view_that_lacks_nothing() {
    let decide = |view: &View| {
        let found = view.service_named("a").is_some();
        Ok::<_, WriteError>((Transaction::default(), found))
    };
    for reachable in [true, false] {
        let store = Arc::new(Store::default());
        let proposer = Arc::new(Lagging { store: Arc::clone(&store), reachable });
        let door = Door::new(store, proposer, skep_runtime::Env::real());
        let outcome = door.change(decide).await;
        let refused = WriteError::from(ProposeError::NotLeader { leader: None });
        assert_eq!(outcome, if reachable { Ok(true) } else { Err(refused) });
    }
}

#[tokio::test]
async fn a_refusal_is_only_said_of_a_view_that_lacks_nothing() {
    let refused = WriteError::TooMany { count: 0 };
    let decide = |view: &View| match view.service_named("a") {
        // As when a name is free again, and this manager does not know yet.
        None => Err(refused.clone()),
        Some(_) => Ok((Transaction::default(), ())),
    };
    for reachable in [true, false] {
        let store = Arc::new(Store::default());
        let proposer = Arc::new(Lagging { store: Arc::clone(&store), reachable });
        let door = Door::new(store, proposer, skep_runtime::Env::real());
        let outcome = door.change(decide).await;
        let unreachable = WriteError::from(ProposeError::NotLeader { leader: None });
        assert_eq!(outcome, if reachable { Ok(()) } else { Err(unreachable) });
    }
}

#[tokio::test]
async fn a_watch_sees_each_commit_and_says_when_it_cannot() {
    let store = Store::default();
    let mut watch = store.watch(0);
    apply(&store, vec![create(service(1, "a"))]).unwrap();
    apply(&store, vec![create(service(2, "b"))]).unwrap();
    assert_eq!(watch.next().await.unwrap().version, 1);
    assert_eq!(watch.next().await.unwrap().version, 2);
    let mut late = store.watch(1);
    store.restore(7, Vec::new(), []);
    assert_eq!(late.next().await, Err(Behind));
}

#[test]
fn finding_by_id_name_and_prefix() {
    let store = Store::default();
    let services = [service(36_u128.pow(24), "a"), service(36_u128.pow(24) + 1, "b"), service(5, "c")];
    apply(&store, services.map(create).to_vec()).unwrap();
    let view = store.view();
    assert_eq!(view.find_service("b").unwrap().spec.name, "b");
    assert_eq!(view.find_service("0").unwrap().spec.name, "c");
    assert!(view.find_service("1").unwrap_err().to_string().contains("ambiguous (2"));
    assert_eq!(view.find_service("x").unwrap_err().to_string(), "no such service: x");
}

fn rebuilt_indexes(view: &View) -> Indexes {
    let mut indexes = Indexes::default();
    view.objects().for_each(|object| indexes.add(&object));
    indexes
}

fn task(id: u128, service: u128, slot: u32, state: u8, address: u8) -> Task {
    let state = TaskState::from_index(state % 14).unwrap();
    let network =
        TaskNetwork { network: NetworkId::new(1), address: std::net::Ipv4Addr::new(10, 0, 0, address) };
    Task {
        id: TaskId::new(id),
        meta: Meta::default(),
        service: ServiceId::new(service),
        spec_version: u64::from(address % 2),
        slot,
        node: (state >= TaskState::Assigned).then(|| NodeId::new(id % 3)),
        desired: [
            TaskState::Running,
            TaskState::Ready,
            TaskState::Complete,
            TaskState::Shutdown,
            TaskState::Remove,
        ][usize::from(address % 5)],
        status: TaskStatus { state, ..TaskStatus::default() },
        networks: [network].into(),
        restarts: None,
        generic: Box::default(),
        timeline: Box::default(),
        dismissed: None,
    }
}

fn change_strategy() -> impl Strategy<Value = (u8, u128, u128, u32, u8, u8)> {
    (0..4_u8, 0..12_u128, 0..4_u128, 0..3_u32, any::<u8>(), 0..6_u8)
}

fn change_of(
    view: &View,
    (what, id, service, slot, state, address): (u8, u128, u128, u32, u8, u8),
) -> Change {
    let new = task(id, service, slot, state, address);
    match (view.task(new.id), what) {
        (Some(old), 0) => Change::Remove { key: ObjectKey::Task(old.id), version: old.meta.version },
        (Some(old), _) => Change::Update(Task { meta: old.meta, ..new }.into()),
        (None, _) => Change::Create(new.into()),
    }
}

proptest! {
    #[test]
    fn indexes_equal_a_full_scan_and_versions_only_grow(steps in prop::collection::vec(change_strategy(), 1..60)) {
        let store = Store::default();
        let spec = NetworkSpec { name: "n".into(), ..NetworkSpec::default() };
        let network =
            Network { id: NetworkId::new(1), meta: Meta::default(), spec, subnet: None, subnet6: None, address_cursor: 0, removing: false };
        apply(&store, vec![create(network)]).unwrap();
        for step in steps {
            let before = store.view();
            apply(&store, vec![change_of(&before, step)]).unwrap();
            let after = store.view();
            prop_assert_eq!(after.version(), before.version() + 1);
            prop_assert_eq!(&rebuilt_indexes(&after), after.indexes());
        }
        let view = store.view();
        let restored = Store::default();
        restored.restore(view.version(), view.objects(), view.resting());
        let again = restored.view();
        prop_assert_eq!(again.indexes(), view.indexes());
        prop_assert_eq!(again.tables().resting.clone(), view.tables().resting.clone());
    }
}

fn at(store: &Store, seconds: u64, changes: Vec<Change>) {
    let moment = Timestamp::from_nanos(seconds * 1_000_000_000);
    store.apply(store.view().version() + 1, moment, Transaction { changes }).unwrap();
}

fn rest_of(store: &Store, address: u8, seconds: u64) -> Option<u64> {
    let now = Timestamp::from_nanos(seconds * 1_000_000_000);
    let end = store.view().address_rests_until(std::net::Ipv4Addr::new(10, 0, 0, address), now);
    end.map(|end| end.as_nanos() / 1_000_000_000)
}

#[test]
fn an_address_rests_after_its_last_holder_let_it_go() {
    let running = TaskState::Running.index();
    let store = Store::default();
    at(&store, 100, vec![create(task(1, 1, 1, running, 7)), create(task(2, 1, 2, running, 8))]);
    assert_eq!(rest_of(&store, 7, 100), None, "it is in use");
    let meta = store.view().task(TaskId::new(1)).unwrap().meta;
    let failed = Task { meta, ..task(1, 1, 1, TaskState::Failed.index(), 7) };
    at(&store, 110, vec![Change::Update(failed.into())]);
    assert_eq!(rest_of(&store, 7, 110), Some(170));
    assert_eq!((rest_of(&store, 7, 169), rest_of(&store, 7, 170)), (Some(170), None));
    assert_eq!(rest_of(&store, 7, 40), None, "a clock that was wrong is not waited for");
    // That the task is forgotten later changes nothing.
    let version = store.view().version();
    at(&store, 120, vec![Change::Remove { key: ObjectKey::Task(TaskId::new(1)), version }]);
    assert_eq!(rest_of(&store, 7, 120), Some(170));
    // Whoever is given it all the same has it.
    at(&store, 130, vec![create(task(3, 1, 1, running, 7))]);
    assert_eq!((rest_of(&store, 7, 130), store.view().resting().count()), (None, 0));
}

#[test]
fn a_plain_containers_address_is_in_use_and_rests_like_a_tasks() {
    let store = Store::default();
    let place = AttachedPlace {
        network: NetworkId::new(1),
        aliases: Vec::new(),
        address: Some(std::net::Ipv4Addr::new(10, 0, 0, 7)),
    };
    let attachment = |id: u128, node: u128| Attachment {
        id: AttachmentId::new(id),
        meta: Meta::default(),
        node: NodeId::new(node),
        container: format!("c{id}"),
        name: "db".into(),
        places: vec![place.clone()],
        error: String::new(),
    };
    at(&store, 100, vec![create(attachment(1, 5)), create(attachment(2, 6))]);
    let of =
        |node: u128| store.view().node_attachments(NodeId::new(node)).map(|one| one.id).collect::<Vec<_>>();
    assert_eq!((of(5), of(6), of(7)), (vec![AttachmentId::new(1)], vec![AttachmentId::new(2)], Vec::new()));
    assert!(store.view().address_in_use(NetworkId::new(1), std::net::Ipv4Addr::new(10, 0, 0, 7)));
    let version = store.view().version();
    let gone = |id: u128| Change::Remove { key: ObjectKey::Attachment(AttachmentId::new(id)), version };
    at(&store, 110, vec![gone(1)]);
    assert_eq!((of(5), rest_of(&store, 7, 110)), (Vec::new(), None));
    at(&store, 120, vec![gone(2)]);
    assert_eq!(rest_of(&store, 7, 121), Some(180));
}

#[test]
fn subnets_rest_too_and_what_has_rested_is_forgotten() {
    let subnet: skep_model::Subnet = "10.0.0.0/24".parse().unwrap();
    let spec = NetworkSpec { name: "n".into(), ..NetworkSpec::default() };
    let network = Network {
        id: NetworkId::new(1),
        meta: Meta::default(),
        spec,
        subnet: Some(subnet),
        subnet6: None,
        address_cursor: 0,
        removing: false,
    };
    let store = Store::default();
    at(&store, 100, vec![create(network)]);
    at(&store, 110, vec![Change::Remove { key: ObjectKey::Network(NetworkId::new(1)), version: 1 }]);
    let until = |seconds: u64| {
        store.view().subnet_rests_until(subnet, Timestamp::from_nanos(seconds * 1_000_000_000)).is_some()
    };
    assert!(until(169) && !until(170));
    assert_eq!(
        store.view().resting_within("10.0.0.0/8".parse().unwrap(), Timestamp::from_nanos(1)).count(),
        0
    );
    at(&store, 171, vec![create(service(1, "a"))]);
    assert_eq!(store.view().resting().count(), 0);
}
