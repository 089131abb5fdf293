//! Which nodes are alive.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use skep_model::{Change, Node, NodeId, NodeState, NodeStatus, Timestamp, Transaction, limits};
use skep_runtime::Env;
use skep_store::{Door, View, WriteError};

use super::session::Sessions;

/// How much longer than usual a new leader waits for agents to come to it.
const NEW_LEADER_FACTOR: u32 = 2;

/// Marks nodes as down that have missed too many heartbeats, until it is dropped.
pub(super) async fn watch(env: Env, door: Door, sessions: Arc<Sessions>) {
    let began = env.now();
    loop {
        let period = heartbeat_period(&door.view());
        env.sleep(period / 2).await;
        let lost = lost_nodes(&door.view(), &sessions, began, env.now());
        for (node, since) in lost {
            sessions.close(node);
            if let Err(error) = mark_down(&env, &door, node, since).await {
                tracing::warn!(%node, %error, "the node could not be marked as down");
            }
        }
    }
}

fn heartbeat_period(view: &View) -> Duration {
    view.cluster().map_or(limits::HEARTBEAT_PERIOD_DEFAULT, |cluster| cluster.spec.heartbeat_period)
}

/// Ready nodes without a sign of life, and since when there is none.
fn lost_nodes(
    view: &View,
    sessions: &Sessions,
    began: Timestamp,
    now: Timestamp,
) -> BTreeMap<NodeId, Timestamp> {
    let patience = heartbeat_period(view) * limits::HEARTBEATS_MISSED_MAX;
    let ready = view.nodes().filter(|node| node.status.state == NodeState::Ready);
    let silent = ready.filter_map(|node| {
        let (since, patience) = match sessions.last_seen(node.id) {
            Some(seen) => (seen, patience),
            None => (began, patience * NEW_LEADER_FACTOR),
        };
        (now.since(since) > patience).then_some((node.id, since))
    });
    silent.collect()
}

async fn mark_down(env: &Env, door: &Door, node: NodeId, silent_since: Timestamp) -> Result<(), WriteError> {
    let now = env.now();
    tracing::warn!(%node, silent_ms = now.since(silent_since).as_millis(), "node is down");
    door.change(|view| {
        let known = view.node(node).filter(|known| known.status.state == NodeState::Ready);
        let changes = known.map(|known| {
            let message = "heartbeat failure: the node's agent does not answer".to_owned();
            let status = NodeStatus { state: NodeState::Down, message, since: now, ..known.status.clone() };
            Change::Update(Node { status, ..Node::clone(known) }.into())
        });
        Ok((Transaction { changes: changes.into_iter().collect() }, ()))
    })
    .await
}
