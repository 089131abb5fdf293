//! The dispatcher: sessions with the agents, what each node should run, what the tasks report, and which nodes are alive.
//! It exists only while this manager leads.

mod arrival;
mod assignments;
pub mod attachments;
mod diagnosis;
mod endpoints;
mod liveness;
mod server;
mod session;
mod status;

#[cfg(test)]
mod dispatcher_test;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use skep_model::{Change, NodeId, NodeState, NodeStatus, SessionId, TaskReport, Transaction, limits};
use skep_runtime::{Env, Latest, Task};
use skep_store::{Door, WriteError};
use skep_wire::{Session, SessionUpdate};
use thiserror::Error;
use tokio_stream::wrappers::ReceiverStream;

pub use arrival::Arrival;
pub(crate) use endpoints::is_reached;
pub(crate) use server::DispatcherServer;
use session::Sessions;
use status::StatusWriter;

use crate::doctor::Checkups;
use crate::relay::Exchange;

/// Updates that may wait for a slow agent before the session's loop waits for it.
const UPDATES_QUEUED: usize = 4;

/// An agent's wish was not fulfilled.
#[derive(Debug, Error)]
pub enum DispatchError {
    /// The swarm has no such node (any more).
    #[error("node {0} is not part of the swarm")]
    UnknownNode(NodeId),
    /// The session is not the node's present one.
    #[error("session {0} is not open")]
    NoSession(SessionId),
    /// The store could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The dispatcher is shutting down.
    #[error("this manager does not lead any more")]
    Stopped,
}

/// Serves the agents while this manager leads.
#[derive(Debug)]
pub struct Dispatcher {
    env: Env,
    door: Door,
    sessions: Arc<Sessions>,
    status: StatusWriter,
    checkups: Arc<Checkups>,
    calls: Arc<Exchange>,
    loops: Latest<Vec<Arc<Task<()>>>>,
}

impl Dispatcher {
    /// A dispatcher without sessions: every agent has to open a new one.
    pub(crate) fn new(env: Env, door: Door) -> Self {
        let sessions = Arc::new(Sessions::default());
        let status = StatusWriter::start(&env, door.clone());
        let watch = liveness::watch(env.clone(), door.clone(), Arc::clone(&sessions));
        let watch = Arc::new(env.spawn("liveness", watch));
        let (checkups, calls) = Default::default();
        Self { env, door, sessions, status, checkups, calls, loops: Latest::new(vec![watch]) }
    }

    /// Opens a session for a node; an older one of the same node ends.
    ///
    /// # Errors
    /// When the node is not part of the swarm, or the store cannot be written.
    pub async fn session(
        &self,
        node: NodeId,
        arrival: Arrival,
    ) -> Result<BoxStream<'static, SessionUpdate>, DispatchError> {
        self.register(node, &arrival).await?;
        let id = SessionId::new(self.env.random().id());
        let session = Session { id, heartbeat_period: self.heartbeat_period() };
        self.sessions.open(node, id, self.env.uptime());
        tracing::info!(%node, session = %id, address = arrival.address, "agent connected");
        let (sender, receiver) = tokio::sync::mpsc::channel(UPDATES_QUEUED);
        let updates = assignments::run(
            self.env.clone(),
            self.door.clone(),
            (Arc::clone(&self.sessions), Arc::clone(&self.checkups), Arc::clone(&self.calls)),
            node,
            session,
            sender,
        );
        let updates = Arc::new(self.env.spawn("assignments", updates));
        self.loops.update(|loops| {
            loops.retain(|task| !task.is_finished());
            loops.push(updates);
        });
        Ok(ReceiverStream::new(receiver).boxed())
    }

    /// What users ask of single nodes.
    pub(crate) fn calls(&self) -> &Arc<Exchange> {
        &self.calls
    }

    /// Keeps a session alive; gives the time until the next heartbeat.
    ///
    /// # Errors
    /// When the session is not the node's present one.
    pub fn heartbeat(
        &self,
        node: NodeId,
        session: SessionId,
        endpoints_version: u64,
    ) -> Result<Duration, DispatchError> {
        self.touch(node, session, endpoints_version)?;
        Ok(self.heartbeat_period())
    }

    /// Stores what an agent says of its tasks.
    ///
    /// # Errors
    /// When the session is not the node's present one, or the store cannot be written.
    pub async fn report(
        &self,
        node: NodeId,
        session: SessionId,
        endpoints_version: u64,
        reports: Vec<TaskReport>,
    ) -> Result<(), DispatchError> {
        self.touch(node, session, endpoints_version)?;
        self.status.write(node, reports).await
    }

    fn touch(&self, node: NodeId, session: SessionId, endpoints_version: u64) -> Result<(), DispatchError> {
        if self.sessions.touch(node, session, self.env.uptime(), endpoints_version) {
            Ok(())
        } else {
            Err(DispatchError::NoSession(session))
        }
    }

    fn heartbeat_period(&self) -> Duration {
        self.door
            .view()
            .cluster()
            .map_or(limits::HEARTBEAT_PERIOD_DEFAULT, |cluster| cluster.spec.heartbeat_period)
    }

    /// The node is there: its description and state are stored if they are news.
    async fn register(&self, node: NodeId, arrival: &Arrival) -> Result<(), DispatchError> {
        let now = self.env.now();
        let clock_ahead_ms = arrival.clock_ahead_ms(now);
        if clock_ahead_ms != 0 {
            tracing::warn!(%node, clock_ahead_ms, "the node's clock is not right, or this leader's is not");
        }
        self.door
            .change(|view| {
                let known = view.node(node).ok_or(DispatchError::UnknownNode(node))?;
                let mut next = skep_model::Node::clone(known);
                next.description = arrival.description.clone();
                let address = reachable(&arrival.address, known);
                if next.status.state != NodeState::Ready || next.status.address != address {
                    let (state, message) = (NodeState::Ready, String::new());
                    next.status = NodeStatus { state, message, address, since: now, clock_ahead_ms };
                }
                next.status.clock_ahead_ms = clock_ahead_ms;
                let changes = if next == **known { Vec::new() } else { vec![Change::Update(next.into())] };
                Ok((Transaction { changes }, ()))
            })
            .await
    }
}

/// Where others reach a node that calls from `caller`: an agent on the manager's own host comes from a loopback address,
/// which says nothing to them, so the address that the manager advertises counts.
fn reachable(caller: &str, node: &skep_model::Node) -> String {
    let local = caller.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let advertised = node.manager.as_ref().and_then(|own| own.address.parse::<SocketAddr>().ok());
    match advertised {
        Some(advertised) if local => advertised.ip().to_string(),
        _ => caller.to_owned(),
    }
}
