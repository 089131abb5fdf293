//! The agent with a fake machine and a scripted manager.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use skep_executor::fake::{FakeContainer, FakeExecutor};
use skep_model::{
    Checkup, NodeDescription, NodeId, NodeReport, ServiceId, ServiceSpec, SessionId, TaskAssignment, TaskId,
    TaskReport, TaskState, Timestamp, TunnelKey,
};
use skep_runtime::{Env, Latest, Shutdown, Task};
use skep_wire::{Session, SessionUpdate};

use crate::{Agent, AgentOptions, Manager, Managers, MemoryStorage, SessionError, StorageError, Updates};

/// Sends the updates of a script and notes the reports.
struct Script {
    updates: Latest<Vec<SessionUpdate>>,
    reports: Latest<Vec<TaskReport>>,
    diagnoses: Latest<Vec<(u64, NodeReport)>>,
    /// The key that each session was opened with.
    keys: Latest<Vec<Option<TunnelKey>>>,
    /// Reports that are refused before one is taken.
    failing_reports: Mutex<u32>,
}

#[async_trait]
impl Manager for Script {
    async fn session(&self, description: &NodeDescription, _: Timestamp) -> Result<Updates, SessionError> {
        self.keys.update(|keys| keys.push(description.tunnel_key));
        let updates = self.updates.clone();
        let stream = futures::stream::unfold(0, move |sent| {
            let updates = updates.clone();
            async move {
                let all = updates.wait_for(|all| all.len() > sent).await;
                Some((Ok(all[sent].clone()), sent + 1))
            }
        });
        Ok(stream.boxed())
    }

    async fn heartbeat(&self, _: SessionId, _: u64) -> Result<Duration, SessionError> {
        Ok(Duration::from_secs(1))
    }

    async fn report(&self, _: SessionId, _: u64, reports: &[TaskReport]) -> Result<(), SessionError> {
        {
            let mut failing = self.failing_reports.lock().unwrap();
            if *failing > 0 {
                *failing -= 1;
                return Err(SessionError::Unreachable("scripted".into()));
            }
        }
        self.reports.update(|all| all.extend(reports.iter().cloned()));
        Ok(())
    }

    async fn diagnose(&self, _: SessionId, checkup: u64, report: &NodeReport) -> Result<(), SessionError> {
        self.diagnoses.update(|all| all.push((checkup, report.clone())));
        // An older manager does not know the call.
        Err(SessionError::Unreachable("scripted".into()))
    }
}

#[async_trait]
impl Managers for Arc<Script> {
    async fn pick(&self) -> Result<Arc<dyn Manager>, SessionError> {
        Ok(Arc::clone(self) as Arc<dyn Manager>)
    }
}

struct Bench {
    script: Arc<Script>,
    executor: FakeExecutor,
    storage: Arc<MemoryStorage>,
    shutdown: Shutdown,
}

impl Bench {
    fn new() -> Self {
        let script = Script {
            updates: Latest::new(Vec::new()),
            reports: Latest::new(Vec::new()),
            diagnoses: Latest::new(Vec::new()),
            keys: Latest::new(Vec::new()),
            failing_reports: Mutex::default(),
        };
        Self {
            script: Arc::new(script),
            executor: FakeExecutor::default(),
            storage: Arc::new(MemoryStorage::default()),
            shutdown: Shutdown::new(),
        }
    }

    fn start(&self) -> Task<Result<(), StorageError>> {
        let env = Env::real();
        let agent = Agent::new(AgentOptions {
            env: env.clone(),
            executor: Arc::new(self.executor.clone()),
            storage: Arc::clone(&self.storage) as _,
            managers: Arc::new(Arc::clone(&self.script)),
            swarm: Latest::new(None),
        });
        env.spawn("agent", agent.run(self.shutdown.clone()))
    }

    fn send(&self, complete: bool, assign: Vec<TaskAssignment>, forget: Vec<TaskId>) {
        let session = Session { id: SessionId::new(1), heartbeat_period: Duration::from_secs(1) };
        let update = SessionUpdate {
            session,
            complete,
            assign,
            forget,
            endpoints: None,
            swarm: None,
            checkup: None,
            contents: Vec::new(),
            contents_gone: Vec::new(),
            calls: Vec::new(),
        };
        self.script.updates.update(|all| all.push(update));
    }

    fn send_checkup(&self, id: u64) {
        let session = Session { id: SessionId::new(1), heartbeat_period: Duration::from_secs(1) };
        let checkup = Some(Checkup { id, ..Checkup::default() });
        let (assign, forget) = (Vec::new(), Vec::new());
        let update = SessionUpdate {
            session,
            complete: false,
            assign,
            forget,
            endpoints: None,
            swarm: None,
            checkup,
            contents: Vec::new(),
            contents_gone: Vec::new(),
            calls: Vec::new(),
        };
        self.script.updates.update(|all| all.push(update));
    }

    async fn reported(&self, task: TaskId, state: TaskState) -> TaskReport {
        let fits = |report: &&TaskReport| report.task == task && report.status.state == state;
        let wait = self.script.reports.wait_for(|all| all.iter().any(|report| fits(&report)));
        let all = tokio::time::timeout(Duration::from_secs(20), wait).await.expect("the report comes");
        all.iter().find(fits).cloned().unwrap()
    }
}

fn assignment(id: u128, desired: TaskState) -> TaskAssignment {
    let mut spec = ServiceSpec { name: "web".into(), ..ServiceSpec::default() };
    spec.task.container.image = "web:1".into();
    TaskAssignment {
        id: TaskId::new(id),
        service: ServiceId::new(1),
        slot: 1,
        node: NodeId::new(1),
        desired,
        spec: Arc::new(spec),
        networks: Vec::new(),
        egress: true,
        generic: Vec::new(),
    }
}

#[tokio::test]
async fn managers_hear_of_a_new_key_in_another_session() {
    let bench = Bench::new();
    let agent = bench.start();
    bench.send(true, vec![assignment(7, TaskState::Running)], vec![]);
    bench.reported(TaskId::new(7), TaskState::Running).await;
    let key = TunnelKey([3; 32]);
    bench.executor.change_key(key);
    let told = bench.script.keys.wait_for(|keys| keys.len() > 1);
    let told = tokio::time::timeout(Duration::from_secs(20), told).await.expect("another session is opened");
    assert_eq!(told, [None, Some(key)]);
    assert_eq!(bench.executor.containers().len(), 1, "what runs goes on");
    bench.shutdown.cancel();
    agent.join().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_task_runs_fails_and_is_removed() {
    let bench = Bench::new();
    let agent = bench.start();
    let id = TaskId::new(7);
    bench.send(true, vec![assignment(7, TaskState::Running)], vec![]);
    bench.reported(id, TaskState::Running).await;
    bench.executor.end(id, 3);
    let failed = bench.reported(id, TaskState::Failed).await;
    assert_eq!(&*failed.status.error, "task: non-zero exit (3)");
    bench.send(false, vec![], vec![id]);
    while !bench.executor.containers().is_empty() {
        tokio::task::yield_now().await;
    }
    bench.shutdown.cancel();
    agent.join().await.unwrap().unwrap();
}

#[tokio::test]
async fn reports_are_sent_again_until_they_are_taken() {
    let bench = Bench::new();
    *bench.script.failing_reports.lock().unwrap() = 3;
    let _agent = bench.start();
    bench.send(true, vec![assignment(7, TaskState::Running)], vec![]);
    bench.reported(TaskId::new(7), TaskState::Running).await;
}

#[tokio::test]
async fn a_ready_task_waits_for_its_start_and_a_missing_image_rejects() {
    let bench = Bench::new();
    let _agent = bench.start();
    let id = TaskId::new(7);
    bench.send(true, vec![assignment(7, TaskState::Ready)], vec![]);
    bench.reported(id, TaskState::Ready).await;
    assert_eq!(bench.executor.containers().get(&id), Some(&FakeContainer::Prepared));
    bench.executor.lose_image("web:1");
    bench.send(false, vec![assignment(7, TaskState::Running), assignment(8, TaskState::Running)], vec![]);
    bench.reported(id, TaskState::Running).await;
    let rejected = bench.reported(TaskId::new(8), TaskState::Rejected).await;
    assert_eq!(&*rejected.status.error, "No such image: web:1");
}

#[tokio::test]
async fn a_restarted_agent_goes_on_and_never_starts_an_ended_task_again() {
    let bench = Bench::new();
    let agent = bench.start();
    bench.send(true, vec![assignment(7, TaskState::Running), assignment(8, TaskState::Running)], vec![]);
    bench.reported(TaskId::new(7), TaskState::Running).await;
    bench.reported(TaskId::new(8), TaskState::Running).await;
    bench.executor.end(TaskId::new(8), 1);
    bench.reported(TaskId::new(8), TaskState::Failed).await;
    drop(agent);
    // No manager says a word this time.
    bench.script.updates.set(Vec::new());
    bench.script.reports.set(Vec::new());
    let _agent = bench.start();
    bench.executor.end(TaskId::new(7), 0);
    let session = bench.executor.containers();
    assert_eq!(session.get(&TaskId::new(8)), Some(&FakeContainer::Ended(1)));
    bench.send(true, vec![assignment(7, TaskState::Running), assignment(8, TaskState::Running)], vec![]);
    bench.reported(TaskId::new(7), TaskState::Complete).await;
    bench.reported(TaskId::new(8), TaskState::Failed).await;
}

#[tokio::test]
async fn what_managers_ask_is_answered_each_time_and_survives_that_they_do_not_listen() {
    let bench = Bench::new();
    let running = bench.start();
    for id in [7, 8] {
        bench.send_checkup(id);
        let answered = bench.script.diagnoses.wait_for(|all| all.iter().any(|(checkup, _)| *checkup == id));
        let all = tokio::time::timeout(Duration::from_secs(20), answered).await.expect("an answer comes");
        assert!(all.last().unwrap().1.clock > Timestamp::default(), "it says what its clock shows");
    }
    bench.shutdown.cancel();
    running.join().await.unwrap().unwrap();
}
