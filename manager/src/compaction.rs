//! Snapshots as often as the swarm's settings want them, on every manager.

use skep_model::{Cluster, limits};
use skep_raft::RaftNode;
use skep_runtime::Env;
use skep_store::{Door, View};

/// How often it is looked at: beside Raft's own bound, so a little later does no harm.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// Runs until it is dropped.
pub(crate) async fn keep(env: Env, door: Door, raft: RaftNode) {
    let mut seen = 0;
    loop {
        // Nothing is looked at while nothing changes: an idle manager sleeps.
        seen = door.store().version().changed(seen).await.0;
        let metrics = raft.metrics();
        if is_due(&door.view(), metrics.applied, metrics.snapshot)
            && let Err(stopped) = raft.snapshot().await
        {
            tracing::debug!(%stopped, "no more snapshots");
            return;
        }
        env.sleep(LOOK).await;
    }
}

/// Whether so many entries were applied since the last snapshot.
fn is_due(view: &View, applied: Option<u64>, snapshot: Option<u64>) -> bool {
    let since = applied.unwrap_or_default().saturating_sub(snapshot.unwrap_or_default());
    // What an older version wrote says nothing of it.
    let interval = |cluster: &Cluster| match cluster.spec.snapshot_interval_entries {
        0 => limits::SNAPSHOT_INTERVAL_ENTRIES,
        entries => entries,
    };
    view.cluster().is_some_and(|cluster| since >= interval(cluster))
}
