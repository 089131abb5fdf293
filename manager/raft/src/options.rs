//! What an owner chooses, with the defaults in one place.

use std::sync::Arc;

use skep_log::{Disk, Keys};

use crate::error::OpenError;
use crate::spawner::{Spawner, Threads};

/// How a node is opened.
#[derive(Clone)]
pub struct Options {
    /// This member's id: random, never used again for another member (two members with one id split the cluster).
    pub id: u64,
    /// The directory that is this node's alone.
    pub disk: Arc<dyn Disk>,
    /// Seal the log and the snapshot.
    pub keys: Keys,
    /// The cluster's id: messages of others are refused.
    pub cluster: u128,
    /// The cluster's epoch, raised by each recovery from the loss of a majority: messages of other epochs are refused.
    pub epoch: u64,
    /// Whether this member was opened before: then an empty directory is one that was lost.
    pub begun: bool,
    /// Clocks, sizes and limits.
    pub timings: Timings,
    /// Where blocking work runs.
    pub spawner: Arc<dyn Spawner>,
}

impl Options {
    /// Options with the defaults for everything that may have one; epoch 0, not opened before.
    #[must_use]
    pub fn new(id: u64, disk: Arc<dyn Disk>, keys: impl Into<Keys>, cluster: u128) -> Self {
        let (keys, timings) = (keys.into(), Timings::default());
        Self { id, disk, keys, cluster, epoch: 0, begun: false, timings, spawner: Arc::new(Threads) }
    }

    /// A command and its frame must fit a record.
    pub(crate) fn log_limits(&self) -> skep_log::Options {
        skep_log::Options {
            segment_bytes: self.timings.segment_bytes,
            max_payload_bytes: self.timings.max_command_bytes.saturating_add(4 << 20),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("id", &self.id)
            .field("directory", &self.disk.describe())
            .field("cluster", &self.cluster)
            .field("epoch", &self.epoch)
            .field("begun", &self.begun)
            .field("timings", &self.timings)
            .finish_non_exhaustive()
    }
}

/// Clocks, sizes and limits of Raft. All members should use the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timings {
    /// The leader's heartbeat, in milliseconds.
    pub heartbeat_ms: u64,
    /// A follower trusts a silent leader for `election_max_ms` (its lease: until then it votes for nobody else), and for a
    /// random time between `election_min_ms` and `election_max_ms` more; then it asks for votes. In milliseconds.
    pub election_min_ms: u64,
    /// See `election_min_ms`. A leader that no majority answered for this long refuses commands.
    pub election_max_ms: u64,
    /// How long a member may take to receive a piece of a snapshot, and to install the whole, in milliseconds.
    pub snapshot_ms: u64,
    /// A snapshot is taken after so many entries (10,000 as in Docker Swarm).
    pub snapshot_entries: u64,
    /// So many entries are kept behind a snapshot, for followers that are a little late (500 as in Docker Swarm).
    pub kept_entries: u64,
    /// The largest command, in bytes.
    pub max_command_bytes: usize,
    /// The log's segments are about this long, in bytes.
    pub segment_bytes: u32,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            heartbeat_ms: 100,
            // A dead leader is replaced after 0.75 to 1 s, a split vote costs half a second more.
            election_min_ms: 250,
            election_max_ms: 500,
            snapshot_ms: 60_000,
            snapshot_entries: 10_000,
            kept_entries: 500,
            max_command_bytes: 4 << 20,
            segment_bytes: 8 << 20,
        }
    }
}

impl Timings {
    pub(crate) fn config(&self, cluster: u128) -> Result<Arc<openraft::Config>, OpenError> {
        let config = openraft::Config {
            cluster_name: format!("{cluster:032x}"),
            heartbeat_interval: self.heartbeat_ms,
            election_timeout_min: self.election_min_ms,
            election_timeout_max: self.election_max_ms,
            install_snapshot_timeout: self.snapshot_ms,
            snapshot_policy: openraft::SnapshotPolicy::LogsSinceLast(self.snapshot_entries),
            max_in_snapshot_log_to_keep: self.kept_entries,
            // Later than a snapshot, or sending one could not end the lag.
            replication_lag_threshold: self
                .snapshot_entries
                .saturating_mul(2)
                .saturating_add(self.kept_entries),
            enable_pre_vote: Some(true),
            // A leader without a majority goes quiet for a while, so that a better placed member can be elected.
            quorum_loss_probe_interval: Some(self.election_max_ms.saturating_mul(2)),
            // What was committed is not stored, so a restarted leader must be elected again.
            enable_leader_restore: Some(false),
            ..openraft::Config::default()
        };
        config.validate().map(Arc::new).map_err(|error| OpenError::Options(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_leader_is_noticed_within_a_second() {
        let timings = Timings::default();
        let lease_ms = timings.election_max_ms;
        assert!(lease_ms + timings.election_max_ms <= 1000);
        assert!(lease_ms >= 5 * timings.heartbeat_ms, "a few late heartbeats do not end a lease");
    }
}
