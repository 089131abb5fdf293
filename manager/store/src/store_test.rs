//! The store's promises: all or nothing, versions, indexes that equal a full scan, a watch that misses nothing.

use std::sync::Arc;

use proptest::prelude::*;
use skep_model::{
    Change, Meta, Network, NetworkId, NetworkSpec, NodeId, Object, ObjectKey, Service, ServiceEndpoint,
    ServiceId, ServiceSpec, Task, TaskId, TaskNetwork, TaskState, TaskStatus, Timestamp, Transaction,
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
    store.restore(7, Vec::new());
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
        spec_version: 1,
        slot,
        node: (state >= TaskState::Assigned).then(|| NodeId::new(service % 3)),
        desired: TaskState::Running,
        status: TaskStatus { state, ..TaskStatus::default() },
        networks: [network].into(),
        restarts: None,
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
            Network { id: NetworkId::new(1), meta: Meta::default(), spec, subnet: None, address_cursor: 0, removing: false };
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
        restored.restore(view.version(), view.objects());
        let again = restored.view();
        prop_assert_eq!(again.indexes(), view.indexes());
    }
}
