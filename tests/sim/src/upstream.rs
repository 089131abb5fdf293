//! What agents and managers say to each other, over the simulated network.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use skep_agent::{Manager, Managers, SessionError, Updates};
use skep_manager::{Arrival, DispatchError, Dispatcher};
use skep_model::{NodeDescription, NodeReport, SessionId, TaskReport, Timestamp};
use skep_wire::SessionUpdate;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use skep_runtime::sim::Life;

use crate::birth;
use crate::faults::AT_ANSWER;
use crate::plant::Plant;
use crate::site::Site;
use crate::world::World;

/// How long a call may take (as in `skep_agent::GrpcManager`).
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The managers as an agent knows them: each in turn.
pub(crate) struct Upstreams {
    world: Weak<World>,
    agent: usize,
    next: AtomicUsize,
}

impl Upstreams {
    /// All managers of a world, for one agent.
    pub(crate) fn new(world: &Arc<World>, agent: usize) -> Self {
        Self { world: Arc::downgrade(world), agent, next: AtomicUsize::new(agent) }
    }
}

#[async_trait]
impl Managers for Upstreams {
    async fn pick(&self) -> Result<Arc<dyn Manager>, SessionError> {
        let world = self.world.upgrade().ok_or_else(|| unreachable("the world is gone"))?;
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let manager = Site::Manager(turn % world.managers.count().max(1));
        Ok(Arc::new(Upstream { world: Arc::downgrade(&world), agent: self.agent, manager }))
    }
}

/// One manager as an agent reaches it.
struct Upstream {
    world: Weak<World>,
    agent: usize,
    manager: Site,
}

type Answer<T> = Result<T, SessionError>;

impl Upstream {
    fn world(&self) -> Result<Arc<World>, SessionError> {
        self.world.upgrade().ok_or_else(|| unreachable("the world is gone"))
    }

    /// Asks the manager's dispatcher; it may die right after its answer.
    async fn ask<T, F>(
        &self,
        work: impl FnOnce(Arc<World>, Life, Arc<Dispatcher>) -> F + Send + 'static,
    ) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Answer<T>> + Send + 'static,
    {
        let (world, to) = (self.world()?, self.manager);
        let own = Arc::clone(&world);
        let serve = move || -> Option<JoinHandle<Answer<T>>> {
            let (life, core) = own.managers.running(to, None)?;
            let spawner = life.clone();
            Some(spawner.spawn(async move {
                let dispatcher = core.dispatcher().ok_or_else(|| unreachable("it does not lead"))?;
                work(own, life, dispatcher).await
            }))
        };
        let network = world.network.clone();
        drop(world);
        let asking = network.exchange(Site::Agent(self.agent), to, serve);
        let answer = tokio::time::timeout(CALL_TIMEOUT, asking).await;
        answer.map_err(|_| unreachable("no answer in time"))?.ok_or_else(|| unreachable("nobody is there"))?
    }
}

#[async_trait]
impl Manager for Upstream {
    async fn session(
        &self,
        description: &NodeDescription,
        clock: Timestamp,
    ) -> Result<Updates, SessionError> {
        let (description, agent, manager) = (description.clone(), self.agent, self.manager);
        let (sender, receiver) = mpsc::channel(1);
        self.ask(move |world, life, dispatcher| async move {
            let node = world.agents.node(agent);
            let arrival = Arrival { address: birth::agent_host(agent), description, clock };
            let updates = dispatcher.session(node, arrival).await;
            let updates = updates.map_err(session_error)?;
            let number = world.sessions.number();
            life.spawn(pump(world, manager, agent, number, updates, sender));
            Ok(())
        })
        .await?;
        Ok(futures::stream::unfold(receiver, |mut receiver| async {
            let update = receiver.recv().await?;
            Some((Ok(update), receiver))
        })
        .boxed())
    }

    async fn heartbeat(&self, session: SessionId, endpoints_version: u64) -> Result<Duration, SessionError> {
        let agent = self.agent;
        self.ask(move |world, _, dispatcher| async move {
            let node = world.agents.node(agent);
            dispatcher.heartbeat(node, session, endpoints_version).map_err(session_error)
        })
        .await
    }

    async fn report(
        &self,
        session: SessionId,
        endpoints_version: u64,
        reports: &[TaskReport],
    ) -> Result<(), SessionError> {
        let (reports, agent, manager) = (reports.to_vec(), self.agent, self.manager);
        self.ask(move |world, life, dispatcher| async move {
            let node = world.agents.node(agent);
            let present = world.sessions.present(manager, agent);
            let said = match (world.plant, present) {
                (Some(Plant::OldSession), Some(present)) => present,
                _ => session,
            };
            let answer = dispatcher.report(node, said, endpoints_version, reports).await;
            if answer.is_ok() && present.is_some_and(|present| present != session) {
                world.violate(&format!("{manager} took a report of a{agent} from an old session"));
            }
            world.faults.strike(&life, AT_ANSWER);
            answer.map_err(session_error)
        })
        .await
    }

    async fn diagnose(
        &self,
        session: SessionId,
        checkup: u64,
        report: &NodeReport,
    ) -> Result<(), SessionError> {
        let (report, agent) = (report.clone(), self.agent);
        self.ask(move |world, _, dispatcher| async move {
            let node = world.agents.node(agent);
            let ends = Timestamp::from_nanos(u64::MAX);
            dispatcher.diagnosed(node, session, (checkup, report), ends).map_err(session_error)
        })
        .await
    }
}

/// Brings a session's updates to the agent, in order.
async fn pump(
    world: Arc<World>,
    manager: Site,
    agent: usize,
    number: u64,
    mut updates: BoxStream<'static, SessionUpdate>,
    sender: mpsc::Sender<SessionUpdate>,
) {
    loop {
        let update = tokio::select! {
            biased;
            () = sender.closed() => return,
            update = updates.next() => update,
        };
        let Some(update) = update else { return };
        world.sessions.opened(manager, agent, number, update.session.id);
        if !world.network.stream(manager, Site::Agent(agent)).await || sender.send(update).await.is_err() {
            return;
        }
    }
}

fn unreachable(reason: &str) -> SessionError {
    SessionError::Unreachable(reason.to_owned())
}

fn session_error(error: DispatchError) -> SessionError {
    let text = error.to_string();
    match error {
        DispatchError::UnknownNode(_) => SessionError::Refused(text),
        DispatchError::NoSession(_) => SessionError::NoSession(text),
        DispatchError::Write(_) | DispatchError::Stopped => SessionError::Unreachable(text),
    }
}
