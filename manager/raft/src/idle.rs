//! Lets a manager that is alone sleep.

use std::sync::Weak;

use openraft::ServerState;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::metrics::RaftServerMetrics;
use openraft::type_config::TypeConfigExt;

use crate::node::Inner;
use crate::types::TypeConfig;

/// Stops Raft's clock while this member leads alone: there is nobody to send heartbeats to and nobody to vote for, and
/// the clock would wake an idle machine 50 times a second. Any change of role or members starts it again at once.
pub(crate) fn watch(node: Weak<Inner>) {
    let Some(inner) = node.upgrade() else { return };
    let mut metrics = inner.raft().server_metrics();
    drop(inner);
    // Ends with Raft itself; the weak reference does not keep it alive.
    drop(TypeConfig::spawn(async move {
        loop {
            let alone = is_alone(&metrics.borrow_watched());
            match node.upgrade() {
                Some(inner) => inner.raft().runtime_config().tick(!alone),
                None => return,
            }
            if metrics.changed().await.is_err() {
                return;
            }
        }
    }));
}

fn is_alone(metrics: &RaftServerMetrics<TypeConfig>) -> bool {
    let only = [(metrics.id, true)];
    let membership = metrics.membership_config.membership();
    let voters: Vec<u64> = membership.voter_ids().collect();
    let members = membership.nodes().map(|(&id, _)| (id, voters.contains(&id)));
    let settled = metrics.membership_config == metrics.committed_membership_config;
    metrics.state == ServerState::Leader && settled && members.eq(only)
}
