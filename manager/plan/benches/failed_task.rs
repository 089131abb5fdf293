//! What one failed task costs the planners of services where 100,000 tasks are at rest: as one service of 100,000, and as 500
//! of 200. All planners but allocator and scheduler plan once on a view in which one task has just failed.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use skep_model::{
    Change, Meta, Node, NodeDescription, NodeId, NodeRole, NodeSpec, NodeState, NodeStatus, Object, Service,
    ServiceId, ServiceMode, ServiceSpec, Task, TaskId, TaskState, TaskStatus, Timestamp, Transaction,
};
use skep_plan::{Departed, Global, Jobs, Reaper, Reconciler, Replicated, Restart, Updater};
use skep_store::{Store, View};

const TASKS: u64 = 100_000;
const NODES: u64 = 1_000;
const CHANGES: usize = 2_000;

fn planners() -> Vec<Box<dyn Reconciler>> {
    vec![
        Box::new(Departed),
        Box::new(Replicated),
        Box::new(Global),
        Box::new(Jobs),
        Box::new(Updater),
        Box::new(Restart),
        Box::new(Reaper),
    ]
}

fn node(id: u64) -> Node {
    Node {
        id: NodeId::new(id.into()),
        meta: Meta::default(),
        spec: NodeSpec::default(),
        role: NodeRole::Worker,
        description: NodeDescription::default(),
        status: NodeStatus { state: NodeState::Ready, ..NodeStatus::default() },
        manager: None,
        key_digest: String::new(),
        certificate: None,
        number: 0,
    }
}

fn task(service: &Service, slot: u64, id: u64, state: TaskState, now: Timestamp) -> Task {
    let global = service.spec.mode.is_global();
    Task {
        id: TaskId::new(id.into()),
        meta: Meta::default(),
        service: service.id,
        spec_version: service.spec_version,
        slot: if global { 0 } else { u32::try_from(slot).unwrap_or(u32::MAX) },
        node: Some(NodeId::new((slot % NODES).into())),
        desired: TaskState::Running,
        status: TaskStatus { state, at: now, ..TaskStatus::default() },
        networks: Box::default(),
        restarts: None,
        generic: Box::default(),
        timeline: Box::default(),
        dismissed: None,
    }
}

/// So many services, together with 100,000 tasks that run, but for one that failed. With `relabelled`, all tasks have a spec
/// that is older than their service's, which differs in what no task sees.
fn world(services: u64, mode: impl Fn(u64) -> ServiceMode, relabelled: bool, now: Timestamp) -> View {
    let per_service = TASKS / services;
    let mut changes: Vec<Change> = (0..NODES).map(|id| Change::Create(node(id).into())).collect();
    for number in 0..services {
        let mut spec = ServiceSpec { name: format!("s{number}"), ..ServiceSpec::default() };
        spec.mode = mode(per_service);
        let (service, revision) = Service::new(ServiceId::new(number.into()), Arc::new(spec.clone()), now);
        changes.push(Change::Create(revision.into()));
        for slot in 1..=per_service {
            let failed = number == 0 && slot == 1;
            let state = if failed { TaskState::Failed } else { TaskState::Running };
            let task = task(&service, slot, number * per_service + slot, state, now);
            changes.push(Change::Create(Object::Task(Arc::new(task))));
        }
        if relabelled {
            spec.labels.insert("changed".into(), "yes".into());
            let (next, revision) = service.with_spec(Arc::new(spec), now);
            changes.extend([Change::Create(revision.into()), Change::Create(next.into())]);
        } else {
            changes.push(Change::Create(service.into()));
        }
    }
    let store = Store::default();
    let mut index = 0;
    for changes in changes.chunks(CHANGES) {
        index += 1;
        let applied = store.apply(index, now, Transaction { changes: changes.to_vec() });
        assert!(applied.is_ok(), "a new store takes it: {applied:?}");
    }
    store.view()
}

fn failed_task(criterion: &mut Criterion) {
    let now = Timestamp::from_nanos(1_000_000_000_000);
    let replicated = |replicas| ServiceMode::Replicated { replicas };
    let worlds = [
        ("one service of 100,000", world(1, replicated, false, now)),
        ("500 services of 200", world(500, replicated, false, now)),
        ("500 services of 200, all with new labels", world(500, replicated, true, now)),
        ("100 global services on 1,000 nodes", world(100, |_| ServiceMode::Global, false, now)),
    ];
    for (name, view) in &worlds {
        let changed: usize = planners().iter().map(|planner| planner.plan(view, now).groups.len()).sum();
        assert_eq!(changed, 1, "the failed task is replaced, and nothing else changes");
        let mut group = criterion.benchmark_group(*name);
        group
            .sample_size(20)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_secs(1));
        group.bench_function("all planners", |bench| {
            bench.iter(|| planners().iter().for_each(|it| drop(black_box(it.plan(view, now)))));
        });
        for planner in planners() {
            group.bench_function(planner.name(), |bench| bench.iter(|| black_box(planner.plan(view, now))));
        }
    }
}

criterion_group!(benches, failed_task);
criterion_main!(benches);
