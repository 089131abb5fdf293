//! What the scheduler costs at 1,000 nodes and 100,000 tasks, beside the least that anyone could do.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use skep_model::{
    Change, Meta, Node, NodeDescription, NodeId, NodeRole, NodeSpec, NodeState, NodeStatus, Object, Service,
    ServiceEndpoint, ServiceId, ServiceRevision, ServiceSpec, Task, TaskId, TaskState, TaskStatus, Timestamp,
    Transaction,
};
use skep_plan::{Plan, Reconciler, Scheduler};
use skep_store::{Store, View};

const NODES: u32 = 1_000;
const TASKS: u32 = 100_000;
const NOW: Timestamp = Timestamp::from_nanos(1_000_000_000_000);

fn main() {
    let mut criterion = Criterion::default()
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    rounds(&mut criterion);
    one_failure(&mut criterion);
    criterion.final_summary();
    ratios();
}

/// One round of many: 1,000 tasks of the 100,000 that wait.
fn rounds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one round of placements");
    for (name, view) in worlds() {
        let placed = Scheduler.plan(&view, NOW).groups.len();
        group.throughput(Throughput::Elements(placed as u64));
        group.bench_function(BenchmarkId::new("scheduler", &name), |bench| {
            bench.iter(|| Scheduler.plan(black_box(&view), NOW));
        });
        group.bench_function(BenchmarkId::new("floor", &name), |bench| {
            bench.iter(|| floor(black_box(&view), placed));
        });
    }
    group.finish();
}

/// One task failed; 100,000 run.
fn one_failure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one failed task among 100,000");
    for (name, services) in [("1 service of 100,000", 1), ("500 services of 200", 500)] {
        let view = world(services, TaskState::Running, constrained(true));
        group.bench_function(name, |bench| bench.iter(|| Scheduler.plan(black_box(&view), NOW)));
    }
    group.finish();
}

fn worlds() -> Vec<(String, View)> {
    let every_third = world(1, TaskState::Pending, constrained(false));
    let many = world(500, TaskState::Pending, constrained(true));
    vec![
        ("1 service, every third node, spread over zones".into(), every_third),
        ("500 services, every third node, spread over zones, with reservations".into(), many),
    ]
}

/// How much more than the floor the scheduler costs, and how many tasks a second it places, measured in turn.
fn ratios() {
    for (name, view) in worlds() {
        let placed = Scheduler.plan(&view, NOW).groups.len();
        let ours = best(|| drop(black_box(Scheduler.plan(&view, NOW))));
        let least = best(|| drop(black_box(floor(&view, placed))));
        let rate = placed as f64 / ours.as_secs_f64();
        let ratio = ours.as_secs_f64() / least.as_secs_f64();
        report(&format!("{name}: {rate:.0} placements/s, {ratio:.2} times the floor"));
    }
}

#[expect(clippy::print_stdout, reason = "this is what a benchmark is for")]
fn report(line: &str) {
    println!("{line}");
}

#[expect(clippy::disallowed_methods, reason = "the real time is what is measured")]
fn best(mut run: impl FnMut()) -> Duration {
    let times = (0..50).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

/// The floor: the first tasks that wait get the nodes in turn; nothing is looked at.
fn floor(view: &View, count: usize) -> Plan {
    let nodes: Vec<NodeId> = view.nodes().map(|node| node.id).collect();
    let mut plan = Plan::default();
    for (task, node) in view.waiting_tasks(TaskState::Pending).take(count).zip(nodes.iter().cycle()) {
        let status = TaskStatus {
            state: TaskState::Assigned,
            at: NOW,
            message: "scheduler assigned task to node".into(),
            ..TaskStatus::default()
        };
        let task = Task { node: Some(*node), status, ..Task::clone(task) };
        plan.group([Change::Update(Object::Task(Arc::new(task)))]);
    }
    plan
}

fn constrained(reserves: bool) -> ServiceSpec {
    let mut spec = ServiceSpec::default();
    spec.task.placement.constraints = vec!["node.labels.third == yes".into()];
    spec.task.placement.spread = vec!["node.labels.zone".into()];
    if reserves {
        spec.task.resources.reservations.memory_bytes = 4 << 20;
    }
    spec
}

/// 100,000 tasks of so many services in this state; where they run, one failed and its replacement waits.
fn world(services: u32, state: TaskState, spec: ServiceSpec) -> View {
    let store = Store::default();
    let mut objects: Vec<Object> = (0..NODES).map(|id| node(id).into()).collect();
    let spec = Arc::new(spec);
    for id in 1..=u128::from(services) {
        let revision = ServiceRevision {
            service: ServiceId::new(id),
            spec_version: 1,
            meta: Meta::default(),
            spec: Arc::clone(&spec),
        };
        objects.extend([service(id, &spec).into(), Object::ServiceRevision(Arc::new(revision))]);
    }
    objects.extend((0..TASKS).map(|number| task(number, services, state).into()));
    if state == TaskState::Running {
        let mut failed = task(0, services, TaskState::Failed);
        (failed.id, failed.desired) = (TaskId::new(u128::MAX), TaskState::Shutdown);
        let mut next = task(0, services, TaskState::Pending);
        (next.id, next.node) = (TaskId::new(u128::MAX - 1), None);
        objects.extend([failed.into(), next.into()]);
    }
    for (index, chunk) in (1..).zip(objects.chunks(1_000)) {
        let changes = chunk.iter().cloned().map(Change::Create).collect();
        store.apply(index, NOW, Transaction { changes }).unwrap_or_else(|error| panic!("{error}"));
    }
    store.view()
}

fn task(number: u32, services: u32, state: TaskState) -> Task {
    // Only every third node may have tasks.
    let node = (state >= TaskState::Assigned).then(|| NodeId::new(u128::from(number % (NODES / 3)) * 3 + 1));
    Task {
        id: TaskId::new(u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)),
        meta: Meta::default(),
        service: ServiceId::new(u128::from(number % services) + 1),
        spec_version: 1,
        slot: number / services + 1,
        node,
        desired: TaskState::Running,
        status: TaskStatus { state, at: NOW, ..TaskStatus::default() },
        networks: Box::default(),
        restarts: None,
        generic: Box::default(),
        timeline: Box::default(),
        dismissed: None,
    }
}

fn service(id: u128, spec: &Arc<ServiceSpec>) -> Service {
    Service {
        id: ServiceId::new(id),
        meta: Meta::default(),
        spec: Arc::new(ServiceSpec { name: format!("service{id}"), ..ServiceSpec::clone(spec) }),
        spec_version: 1,
        previous_spec: None,
        update: None,
        job: None,
        rebalance: Vec::new(),
        endpoint: ServiceEndpoint::default(),
    }
}

fn node(number: u32) -> Node {
    let description = NodeDescription {
        hostname: format!("host{number}"),
        nano_cpus: 64_000_000_000,
        memory_bytes: 256 << 30,
        ..NodeDescription::default()
    };
    let third = if number.is_multiple_of(3) { "yes" } else { "no" };
    let labels = [("third".to_owned(), third.to_owned()), ("zone".to_owned(), format!("zone{}", number % 7))];
    Node {
        id: NodeId::new(u128::from(number) + 1),
        meta: Meta::default(),
        spec: NodeSpec { labels: labels.into_iter().collect(), ..NodeSpec::default() },
        role: NodeRole::Worker,
        description,
        status: NodeStatus { state: NodeState::Ready, ..NodeStatus::default() },
        manager: None,
        key_digest: String::new(),
        certificate: None,
        number: 0,
    }
}
