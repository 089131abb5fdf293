//! What one node should run, as a stream of differences.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use skep_model::{
    AskedCall, AssignedContent, Checkup, ContentKey, EndpointTable, NodeId, NodeRole, SwarmView, Task,
    TaskAssignment, TaskId, TaskState, Timestamp,
};
use skep_runtime::Env;
use skep_store::{Door, View};
use skep_wire::{Session, SessionUpdate};
use tokio::sync::mpsc::Sender;

use super::endpoints;
use super::session::Sessions;
use crate::ca::manager_addresses;
use crate::doctor::Checkups;
use crate::relay::Exchange;

/// How long a stop waits for other nodes to send the task no new connections.
const DRAIN_WAIT_MAX: Duration = Duration::from_secs(2);

/// What a session's agent has been told.
struct Told {
    node: NodeId,
    session: Session,
    tasks: BTreeMap<TaskId, TaskState>,
    endpoints: endpoints::Told,
    /// The store's version up to which the node knows all endpoints, or is told with the next update.
    current: u64,
    swarm: Option<SwarmView>,
    /// Stops that wait for other nodes, and since when.
    draining: BTreeMap<TaskId, Timestamp>,
    /// The secrets and configs that the node has.
    contents: BTreeSet<ContentKey>,
    complete: bool,
}

/// Sends updates until the session ends: first all of it, then differences.
pub(super) async fn run(
    env: Env,
    door: Door,
    (sessions, checkups, calls): (Arc<Sessions>, Arc<Checkups>, Arc<Exchange>),
    node: NodeId,
    session: Session,
    updates: Sender<SessionUpdate>,
) {
    let mut told = Told {
        node,
        session,
        tasks: BTreeMap::new(),
        endpoints: endpoints::Told::default(),
        current: 0,
        swarm: None,
        draining: BTreeMap::new(),
        contents: BTreeSet::new(),
        complete: true,
    };
    let (mut version, mut acknowledged) = (0, 0);
    // What was asked before the session is not for it.
    let mut asked = checkups.asked().get_versioned().0;
    let (mut called, mut calls_told) = (0, 0);
    while sessions.is_open(node, session.id) {
        // Read before looking, so that what changes meanwhile wakes the wait below.
        version = door.store().version().get_versioned().0.max(version);
        acknowledged = sessions.acknowledged().get_versioned().0.max(acknowledged);
        let (now_asked, checkup) = checkups.asked().get_versioned();
        let checkup = checkup.filter(|_| now_asked > asked);
        asked = now_asked;
        called = calls.asked().get_versioned().0.max(called);
        let (newest, asked_calls) = calls.news(node, calls_told);
        calls_told = newest;
        let (endpoints, current) = sessions.book().news(door.store(), node, &mut told.endpoints);
        told.current = current;
        if let Some(sent) = told.endpoints.sent() {
            sessions.table_sent(node, sent, current);
        }
        let view = door.view();
        let update = told.update(&view, (endpoints, checkup, asked_calls), &sessions, env.now());
        if let Some(update) = update
            && updates.send(update).await.is_err()
        {
            return;
        }
        let deadline = told.draining.values().min().map(|since| since.plus(DRAIN_WAIT_MAX));
        tokio::select! {
            biased;
            () = updates.closed() => return,
            _ = door.store().version().changed(version) => {}
            _ = checkups.asked().changed(asked) => {}
            _ = calls.asked().changed(called) => {}
            _ = sessions.acknowledged().changed(acknowledged), if deadline.is_some() => {}
            () = until(&env, deadline) => {}
        }
    }
}

async fn until(env: &Env, deadline: Option<Timestamp>) {
    match deadline {
        Some(moment) => env.sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

impl Told {
    /// What the agent does not know yet; nothing when it knows all.
    fn update(
        &mut self,
        view: &View,
        (endpoints, checkup, calls): (Option<EndpointTable>, Option<Checkup>, Vec<AskedCall>),
        sessions: &Sessions,
        now: Timestamp,
    ) -> Option<SessionUpdate> {
        let assign = self.assignments_news(view, sessions, now);
        let known = |id: &TaskId| view.task(*id).is_some_and(|task| task.node == Some(self.node));
        let forget: Vec<TaskId> = self.tasks.keys().copied().filter(|id| !known(id)).collect();
        for id in &forget {
            self.tasks.remove(id);
            self.draining.remove(id);
        }
        let complete = std::mem::take(&mut self.complete);
        let swarm = self.swarm_news(view);
        let of_node = endpoints.is_some() || swarm.is_some() || checkup.is_some() || !calls.is_empty();
        let news = complete || of_node || !assign.is_empty() || !forget.is_empty();
        let session = self.session;
        let (contents, contents_gone) = if news { self.content_news(view) } else { Default::default() };
        news.then_some(SessionUpdate {
            session,
            complete,
            assign,
            forget,
            endpoints,
            swarm,
            checkup,
            contents,
            contents_gone,
            calls,
        })
    }

    /// What the node's tasks need of secrets and configs and it does not have, and what none needs any more.
    fn content_news(&mut self, view: &View) -> (Vec<AssignedContent>, Vec<ContentKey>) {
        let specs =
            view.specs_on_node(self.node).filter_map(|(service, version, _)| view.revision(service, version));
        let needed: BTreeSet<ContentKey> = specs.flat_map(|revision| revision.spec.contents()).collect();
        let new = needed.difference(&self.contents).filter_map(|key| assigned_content(view, *key)).collect();
        let gone = self.contents.difference(&needed).copied().collect();
        self.contents = needed;
        (new, gone)
    }

    fn swarm_news(&mut self, view: &View) -> Option<SwarmView> {
        let now = Some(swarm_view(view, self.node)?).filter(|now| self.swarm.as_ref() != Some(now))?;
        self.swarm = Some(now.clone());
        Some(now)
    }

    fn assignments_news(&mut self, view: &View, sessions: &Sessions, now: Timestamp) -> Vec<TaskAssignment> {
        let mut news = Vec::new();
        for task in view.node_tasks(self.node).filter(|task| task.status.state >= TaskState::Assigned) {
            let told = self.tasks.get(&task.id).copied();
            if told == Some(task.desired) || self.must_drain(task, told, sessions, now) {
                continue;
            }
            if let Some(assignment) = assignment(view, task, self.node) {
                self.tasks.insert(task.id, task.desired);
                self.draining.remove(&task.id);
                news.push(assignment);
            }
        }
        news
    }

    /// Whether a stop has to wait: other nodes may still send the task new connections.
    fn must_drain(
        &mut self,
        task: &Task,
        told: Option<TaskState>,
        sessions: &Sessions,
        now: Timestamp,
    ) -> bool {
        let stops =
            task.desired > TaskState::Complete && told.is_some_and(|told| told <= TaskState::Complete);
        if !stops || task.status.state != TaskState::Running {
            return false;
        }
        let since = *self.draining.entry(task.id).or_insert(now);
        let elsewhere = sessions.all_applied(task.meta.version, Some(self.node));
        !(elsewhere && self.current >= task.meta.version) && now.since(since) < DRAIN_WAIT_MAX
    }
}

/// What a node is told of itself. That it is no manager any more it hears when it is out of Raft.
fn swarm_view(view: &View, node: NodeId) -> Option<SwarmView> {
    let node = view.node(node)?;
    let role = if node.spec.role == NodeRole::Manager { NodeRole::Manager } else { node.role };
    let cluster = view.cluster()?;
    let asked = node.certificate.as_ref().is_some_and(|own| own.renewal_asked_at.is_some());
    Some(SwarmView {
        role,
        raft_id: node.manager.as_ref().map(|manager| manager.raft_id),
        managers: manager_addresses(view),
        root_pem: cluster.root_ca.certificate_pem.clone(),
        issuer: asked.then(|| cluster.issuing_root().issuer.clone()),
        certificate: node.certificate.clone(),
    })
}

/// A content as its node gets it; none when it is gone.
fn assigned_content(view: &View, key: ContentKey) -> Option<AssignedContent> {
    let (templated, content) = match key {
        ContentKey::Secret(id, version) => {
            let secret = view.secret(id)?;
            (secret.spec.templated, secret.content(version)?)
        }
        ContentKey::Config(id, version) => {
            let config = view.config(id)?;
            (config.spec.templated, config.content(version)?)
        }
    };
    Some(AssignedContent { key, templated, content: content.clone() })
}

/// A task as its node gets it.
fn assignment(view: &View, task: &Task, node: NodeId) -> Option<TaskAssignment> {
    let spec = Arc::clone(view.task_spec(task)?);
    let networks: Vec<_> = task.networks.iter().map(|place| (place.network, place.address)).collect();
    let open = |id| view.network(id).is_some_and(|network| !network.spec.internal && !network.spec.ingress);
    // A task that is only on the ingress network has nothing but its way out.
    let own = spec.task.networks.iter().filter_map(|attachment| attachment.target.id());
    let egress = networks.iter().any(|place| open(place.0)) || own.count() == 0;
    Some(TaskAssignment {
        id: task.id,
        service: task.service,
        slot: task.slot,
        node,
        desired: task.desired,
        spec,
        networks,
        egress,
        generic: task.generic.to_vec(),
    })
}
