//! Which nodes are alive.

use std::collections::{BTreeMap, BTreeSet};
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
    let mut absent = BTreeMap::new();
    loop {
        let (period, before) = (heartbeat_period(&door.view()), env.uptime());
        env.sleep(period / 2).await;
        let now = env.uptime();
        if now - before > period {
            tracing::warn!(
                ms = (now - before).as_millis(),
                "this leader was held up: nobody counts as silent for that"
            );
            sessions.forgive(now);
            absent.clear();
        }
        for node in mistaken(&door.view(), &sessions, env.now()) {
            tracing::info!(%node, "the node counts as down and answers: it has to come again");
            sessions.close(node);
        }
        for (node, silent) in lost_nodes(&door.view(), &sessions, &mut absent, now) {
            sessions.close(node);
            if let Err(error) = mark_down(&env, &door, node, silent).await {
                tracing::warn!(%node, %error, "the node could not be marked as down");
            }
        }
    }
}

fn heartbeat_period(view: &View) -> Duration {
    view.cluster().map_or(limits::HEARTBEAT_PERIOD_DEFAULT, |cluster| cluster.spec.heartbeat_period)
}

/// Nodes without a sign of life for too long that are not known to be gone, and for how long. `absent` remembers since when
/// those without a session have none: they are given time to come to this leader, or to come at all after they joined. Times are
/// this leader's uptime: the clock may be set.
fn lost_nodes(
    view: &View,
    sessions: &Sessions,
    absent: &mut BTreeMap<NodeId, Duration>,
    now: Duration,
) -> BTreeMap<NodeId, Duration> {
    let patience = heartbeat_period(view) * limits::HEARTBEATS_MISSED_MAX;
    let expected = view.nodes().filter(|node| node.may_be_there()).map(|node| node.id);
    let expected: BTreeSet<NodeId> = expected.collect();
    absent.retain(|node, _| expected.contains(node) && sessions.last_seen(*node).is_none());
    let silent = expected.into_iter().filter_map(|node| {
        let (since, patience) = match sessions.last_seen(node) {
            Some(seen) => (seen, patience),
            None => (*absent.entry(node).or_insert(now), patience * NEW_LEADER_FACTOR),
        };
        let silent = now.saturating_sub(since);
        (silent > patience).then_some((node, silent))
    });
    silent.collect()
}

/// Nodes that count as down though they have a session. An agent that opens one while its node is being marked as down finds
/// it ready, so it writes nothing, and would be down for good; when it comes again it says that it is there. One that has just
/// left is given time to end.
fn mistaken(view: &View, sessions: &Sessions, now: Timestamp) -> Vec<NodeId> {
    let settled = heartbeat_period(view);
    let down = view.nodes().filter(|node| node.status.state == NodeState::Down);
    let mistaken = down
        .filter(|node| now.since(node.status.since) > settled && sessions.last_seen(node.id).is_some())
        .map(|node| node.id);
    mistaken.collect()
}

async fn mark_down(env: &Env, door: &Door, node: NodeId, silent: Duration) -> Result<(), WriteError> {
    let now = env.now();
    tracing::warn!(%node, silent_ms = silent.as_millis(), "node is down");
    door.change(|view| {
        let known = view.node(node).filter(|known| known.may_be_there());
        let changes = known.map(|known| {
            let message = "heartbeat failure: the node's agent does not answer".to_owned();
            let status = NodeStatus { state: NodeState::Down, message, since: now, ..known.status.clone() };
            Change::Update(Node { status, ..Node::clone(known) }.into())
        });
        Ok((Transaction { changes: changes.into_iter().collect() }, ()))
    })
    .await
}
