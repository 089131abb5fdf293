//! The dispatcher over a store without Raft.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use skep_model::{
    Change, Meta, Node, NodeDescription, NodeId, NodeReport, NodeRole, NodeSpec, NodeState, NodeStatus,
    Object, ServiceId, ServiceRevision, ServiceSpec, SessionId, Task, TaskId, TaskReport, TaskState,
    TaskStatus, Timestamp, Transaction, limits,
};
use skep_runtime::{Clock, Env, Latest, Random, SteeredClock};
use skep_store::testing::DirectProposer;
use skep_store::{Command, Door, ProposeError, Proposer, Store};

use super::{Arrival, DispatchError, Dispatcher};

const NODE: NodeId = NodeId::new(1);

fn env() -> Env {
    Env::new(Arc::new(SteeredClock::starting_at(Timestamp::from_nanos(1 << 60))), Random::seeded(1))
}

async fn write(door: &Door, changes: Vec<Change>) {
    door.write(Transaction { changes }).await.unwrap();
}

/// A store with one node and one service revision.
async fn door(env: &Env) -> Door {
    let door = DirectProposer::door(env.clone());
    let node = Node {
        id: NODE,
        meta: Meta::default(),
        spec: NodeSpec::default(),
        role: NodeRole::Worker,
        description: NodeDescription::default(),
        status: NodeStatus::default(),
        key_digest: String::new(),
        certificate: None,
        number: 0,
        manager: None,
    };
    let spec = Arc::new(ServiceSpec { name: "web".into(), ..ServiceSpec::default() });
    let revision =
        ServiceRevision { service: ServiceId::new(1), spec_version: 1, meta: Meta::default(), spec };
    write(&door, vec![Change::Create(node.into()), Change::Create(revision.into())]).await;
    door
}

fn task(id: u128) -> Task {
    Task {
        id: TaskId::new(id),
        meta: Meta::default(),
        service: ServiceId::new(1),
        spec_version: 1,
        slot: 1,
        node: Some(NODE),
        desired: TaskState::Running,
        status: TaskStatus { state: TaskState::Assigned, ..TaskStatus::default() },
        networks: Box::default(),
        restarts: None,
        generic: Box::default(),
        timeline: Box::default(),
        dismissed: None,
    }
}

fn arrival(env: &Env) -> Arrival {
    let description = NodeDescription { hostname: "host1".into(), ..NodeDescription::default() };
    Arrival { address: "10.0.0.1".into(), description, clock: env.now() }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_not_right_is_noted_until_it_is() {
    let env = env();
    let door = door(&env).await;
    let dispatcher = Dispatcher::new(env.clone(), door.clone());
    let ahead = || door.view().node(NODE).unwrap().status.clock_ahead_ms;
    let off = Arrival { clock: env.now().plus(Duration::from_secs(90)), ..arrival(&env) };
    let _first = dispatcher.session(NODE, off).await.unwrap();
    assert_eq!(ahead(), 90_000);
    let _second = dispatcher.session(NODE, arrival(&env)).await.unwrap();
    assert_eq!(ahead(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_session_gets_everything_then_differences() {
    let env = env();
    let door = door(&env).await;
    write(&door, vec![Change::Create(task(1).into())]).await;
    let dispatcher = Dispatcher::new(env.clone(), door.clone());
    let mut updates = dispatcher.session(NODE, arrival(&env)).await.unwrap();
    let first = updates.next().await.unwrap();
    assert!(first.complete && first.endpoints.is_some());
    assert_eq!(first.assign.iter().map(|task| task.id).collect::<Vec<_>>(), [TaskId::new(1)]);
    let node = door.view().node(NODE).unwrap().clone();
    assert_eq!((node.status.state, node.description.hostname.as_str()), (NodeState::Ready, "host1"));

    write(&door, vec![Change::Create(task(2).into())]).await;
    let second = updates.next().await.unwrap();
    assert!(!second.complete);
    assert_eq!(second.assign.iter().map(|task| task.id).collect::<Vec<_>>(), [TaskId::new(2)]);

    let version = door.view().task(TaskId::new(1)).unwrap().meta.version;
    write(&door, vec![Change::Remove { key: skep_model::ObjectKey::Task(TaskId::new(1)), version }]).await;
    assert_eq!(updates.next().await.unwrap().forget, [TaskId::new(1)]);
}

#[tokio::test(start_paused = true)]
async fn reports_move_tasks_forward_only_and_only_from_their_node() {
    let env = env();
    let door = door(&env).await;
    write(&door, vec![Change::Create(task(1).into())]).await;
    let dispatcher = Dispatcher::new(env.clone(), door.clone());
    let mut updates = dispatcher.session(NODE, arrival(&env)).await.unwrap();
    let session = updates.next().await.unwrap().session.id;
    let report =
        |state| TaskReport { task: TaskId::new(1), status: TaskStatus { state, ..TaskStatus::default() } };
    let state = || door.view().task(TaskId::new(1)).unwrap().status.state;

    dispatcher.report(NODE, session, 0, vec![report(TaskState::Running)]).await.unwrap();
    assert_eq!(state(), TaskState::Running);
    dispatcher.report(NODE, session, 0, vec![report(TaskState::Starting)]).await.unwrap();
    assert_eq!(state(), TaskState::Running);
    let stranger = dispatcher.report(NODE, SessionId::new(9), 0, vec![report(TaskState::Failed)]).await;
    assert!(matches!(stranger, Err(DispatchError::NoSession(_))));
    let unknown = dispatcher.session(NodeId::new(9), arrival(&env)).await;
    assert!(matches!(unknown.err(), Some(DispatchError::UnknownNode(_))));
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_goes_down_and_comes_back() {
    let env = env();
    let door = door(&env).await;
    let dispatcher = Dispatcher::new(env.clone(), door.clone());
    let mut updates = dispatcher.session(NODE, arrival(&env)).await.unwrap();
    let session = updates.next().await.unwrap().session.id;
    for _ in 0..10 {
        env.sleep(Duration::from_secs(2)).await;
        dispatcher.heartbeat(NODE, session, 0).unwrap();
    }
    let state = || door.view().node(NODE).unwrap().status.state;
    assert_eq!(state(), NodeState::Ready);
    env.sleep(Duration::from_secs(8)).await;
    assert_eq!(state(), NodeState::Down);
    assert!(dispatcher.heartbeat(NODE, session, 0).is_err(), "its session is over");
    let _updates = dispatcher.session(NODE, arrival(&env)).await.unwrap();
    assert_eq!(state(), NodeState::Ready);
}

/// A clock that an operator, or NTP, sets.
#[derive(Debug, Default)]
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_down_because_the_leader_was_held_up_or_its_clock_was_set() {
    let clock = Arc::new(SetClock::default());
    let env = Env::new(Arc::clone(&clock) as _, Random::seeded(1));
    let door = door(&env).await;
    let dispatcher = Dispatcher::new(env.clone(), door.clone());
    let mut updates = dispatcher.session(NODE, arrival(&env)).await.unwrap();
    let session = updates.next().await.unwrap().session.id;
    let state = || door.view().node(NODE).unwrap().status.state;

    clock.0.store(3_600_000_000_000, Ordering::Relaxed);
    env.sleep(Duration::from_secs(2)).await;
    dispatcher.heartbeat(NODE, session, 0).unwrap();
    assert_eq!(state(), NodeState::Ready);

    // As after SIGSTOP: the time goes on, but nothing of this runs.
    tokio::time::advance(Duration::from_secs(60)).await;
    env.sleep(Duration::from_millis(1)).await;
    assert_eq!(state(), NodeState::Ready);
    dispatcher.heartbeat(NODE, session, 0).unwrap();
    env.sleep(Duration::from_secs(8)).await;
    assert_eq!(state(), NodeState::Down, "from then on silence counts");
}

/// Lets writes wait while `held` is set, as a slow majority does.
struct Slow {
    store: Arc<Store>,
    held: Latest<bool>,
}

#[async_trait::async_trait]
impl Proposer for Slow {
    async fn propose(&self, command: Command) -> Result<u64, ProposeError> {
        self.held.wait_for(|held| !held).await;
        let index = self.store.view().version() + 1;
        self.store.apply(index, command.at, command.transaction)?;
        Ok(index)
    }

    async fn confirm(&self) -> Result<(), ProposeError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_comes_while_its_node_is_marked_as_down_is_not_down_for_good() {
    let env = env();
    let (store, held) = (Arc::new(Store::default()), Latest::new(false));
    let slow = Slow { store: Arc::clone(&store), held: held.clone() };
    let door = Door::new(store, Arc::new(slow), env.clone());
    let node = Node::clone(self::door(&env).await.view().node(NODE).unwrap());
    write(&door, vec![Change::Create(Node { meta: Meta::default(), ..node }.into())]).await;
    let dispatcher = Dispatcher::new(env.clone(), door.clone());
    let open = async || {
        let mut updates = dispatcher.session(NODE, arrival(&env)).await.unwrap();
        let session = updates.next().await.unwrap().session.id;
        (updates, session)
    };
    let _silent = open().await;
    held.set(true);
    env.sleep(Duration::from_secs(8)).await;
    let (_updates, session) = open().await;
    held.set(false);
    env.sleep(Duration::from_millis(100)).await;
    let state = || door.view().node(NODE).unwrap().status.state;
    assert_eq!(state(), NodeState::Down, "it was decided before the agent came");
    for _ in 0..4 {
        env.sleep(Duration::from_secs(1)).await;
        drop(dispatcher.heartbeat(NODE, session, 0));
    }
    assert!(dispatcher.heartbeat(NODE, session, 0).is_err(), "it is told to come again");
    let _again = open().await;
    assert_eq!(state(), NodeState::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_until_other_nodes_have_applied_the_table() {
    let env = env();
    let door = door(&env).await;
    let other = Node { id: NodeId::new(2), ..Node::clone(door.view().node(NODE).unwrap()) };
    write(&door, vec![Change::Create(other.into())]).await;
    let running = TaskStatus { state: TaskState::Running, ..TaskStatus::default() };
    write(&door, vec![Change::Create(Task { status: running, ..task(1) }.into())]).await;
    let dispatcher = Dispatcher::new(env.clone(), door.clone());
    let mut updates = dispatcher.session(NODE, arrival(&env)).await.unwrap();
    updates.next().await.unwrap();
    let mut elsewhere = dispatcher.session(NodeId::new(2), arrival(&env)).await.unwrap();
    let session = elsewhere.next().await.unwrap().session.id;

    let known = door.view().task(TaskId::new(1)).unwrap().clone();
    let stop = Task { desired: TaskState::Shutdown, ..Task::clone(&known) };
    write(&door, vec![Change::Update(Object::from(stop))]).await;
    let stopped = async {
        loop {
            if !updates.next().await.unwrap().assign.is_empty() {
                return env.now();
            }
        }
    };
    let asked = env.now();
    let acknowledge = async {
        env.sleep(Duration::from_millis(500)).await;
        dispatcher.heartbeat(NodeId::new(2), session, door.view().version()).unwrap();
    };
    let (stopped, ()) = tokio::join!(stopped, acknowledge);
    let waited = stopped.since(asked);
    assert!(waited >= Duration::from_millis(500) && waited < Duration::from_secs(2), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn nodes_are_asked_how_they_are_and_the_silent_ones_are_named() {
    let env = env();
    let door = door(&env).await;
    let dispatcher = Arc::new(Dispatcher::new(env.clone(), door.clone()));
    let mut updates = dispatcher.session(NODE, arrival(&env)).await.unwrap();
    let first = updates.next().await.unwrap();
    assert_eq!(first.checkup, None);
    let asking = Arc::clone(&dispatcher);
    let asked = env.spawn("asking", async move { asking.doctor(false).await });
    let checkup = updates.next().await.unwrap().checkup.expect("it is asked");
    let report = NodeReport { clock: env.now(), ..NodeReport::default() };
    let ends = Timestamp::from_nanos(u64::MAX);
    let session = first.session.id;
    let other = dispatcher.diagnosed(NODE, session, (checkup.id + 1, report.clone()), ends);
    assert!(other.is_ok(), "an answer that nobody waits for any more is no fault");
    let stranger = dispatcher.diagnosed(NODE, SessionId::new(99), (checkup.id, report.clone()), ends);
    assert!(matches!(stranger, Err(DispatchError::NoSession(_))));
    dispatcher.diagnosed(NODE, session, (checkup.id, report), ends).unwrap();
    let diagnosis = asked.join().await.unwrap();
    assert_eq!((diagnosis.nodes, diagnosis.findings), (1, Vec::new()));
    // The next time it says nothing.
    let diagnosis = dispatcher.doctor(false).await;
    assert_eq!(diagnosis.nodes, 0);
    assert!(diagnosis.took >= limits::DOCTOR_DEADLINE, "{:?}", diagnosis.took);
    let text = diagnosis.findings[0].to_string();
    assert!(text.contains("host1: it did not say within 8 s"), "{text}");
}
