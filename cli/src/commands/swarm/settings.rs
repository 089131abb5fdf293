use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use skep_rest::SwarmSpec;

use super::ca::refuse_external;
use crate::commands::some_time;
use crate::failure::Failure;

/// What a swarm is set to: the flags that `swarm init` and `swarm update` share.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// How many ended tasks of a slot are kept.
    #[arg(long, value_name = "COUNT")]
    task_history_limit: Option<u64>,
    /// Share of each service's tasks, in percent, that moves to a node that came back or is new, one task at a time; 0: none do.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u64).range(0..=100))]
    rebalance: Option<u64>,
    /// Time between two heartbeats of a node (2s in a new swarm).
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    dispatcher_heartbeat: Option<Duration>,
    /// How long a node's certificate is valid (2160h in a new swarm).
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    cert_expiry: Option<Duration>,
    /// After so many entries of the log a manager takes a snapshot (10000 in a new swarm).
    #[arg(long, value_name = "COUNT")]
    snapshot_interval: Option<u64>,
    /// Not supported but for 0: one snapshot is kept ("skep swarm backup" makes copies to keep).
    #[arg(long, value_name = "COUNT")]
    max_snapshots: Option<u64>,
    /// Not supported: Skep signs the certificates of its nodes itself.
    #[arg(long, value_name = "SPEC")]
    external_ca: Vec<String>,
}

impl Settings {
    /// The names of the flags.
    pub(super) const FLAGS: [&str; 7] = [
        "task_history_limit",
        "rebalance",
        "dispatcher_heartbeat",
        "cert_expiry",
        "snapshot_interval",
        "max_snapshots",
        "external_ca",
    ];

    /// Puts what is given into a spec, in Docker's shape.
    pub(super) fn apply(self, spec: &mut SwarmSpec) -> Result<(), Failure> {
        refuse_external(&self.external_ca)?;
        let nanos = |value: Option<Duration>| value.and_then(|value| u64::try_from(value.as_nanos()).ok());
        set(&mut spec.orchestration, "TaskHistoryRetentionLimit", self.task_history_limit);
        set(&mut spec.orchestration, "RebalancePercent", self.rebalance);
        set(&mut spec.dispatcher, "HeartbeatPeriod", nanos(self.dispatcher_heartbeat));
        set(&mut spec.ca_config, "NodeCertExpiry", nanos(self.cert_expiry));
        let raft = [("SnapshotInterval", self.snapshot_interval), ("KeepOldSnapshots", self.max_snapshots)];
        let said = raft.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?))));
        spec.raft = said.collect();
        Ok(())
    }
}

fn set(group: &mut Value, key: &str, value: Option<u64>) {
    if let Some(value) = value {
        match group {
            Value::Object(entries) => drop(entries.insert(key.to_owned(), value.into())),
            other => *other = json!({ key: value }),
        }
    }
}
