use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use skep_rest::Swarm;

use super::ca::refuse_external;
use super::init::raft_config;
use super::unlock_key;
use crate::client::{Client, Nothing, Query};
use crate::commands::some_time;
use crate::failure::Failure;
use crate::output;

/// Update the swarm; only what is given is changed.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Update {
    /// Whether a restarted manager waits for the unlock key.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    autolock: Option<bool>,
    /// How many ended tasks of a slot are kept.
    #[arg(long, value_name = "COUNT")]
    task_history_limit: Option<u64>,
    /// Time between two heartbeats of a node.
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    dispatcher_heartbeat: Option<Duration>,
    /// How long a node's certificate is valid.
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    cert_expiry: Option<Duration>,
    /// After so many entries of the log a manager takes a snapshot.
    #[arg(long, value_name = "COUNT")]
    snapshot_interval: Option<u64>,
    /// Not supported but for 0: one snapshot is kept ("skep swarm backup" makes copies to keep).
    #[arg(long, value_name = "COUNT")]
    max_snapshots: Option<u64>,
    /// Not supported: Skep signs the certificates of its nodes itself.
    #[arg(long, value_name = "SPEC")]
    external_ca: Vec<String>,
}

impl Update {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        refuse_external(&self.external_ca)?;
        let swarm = client.get::<Swarm>("/swarm").await?.cluster;
        let mut spec = swarm.spec;
        let locked = spec.autolock();
        let nanos = |value: Option<Duration>| value.and_then(|value| u64::try_from(value.as_nanos()).ok());
        set(&mut spec.orchestration, "TaskHistoryRetentionLimit", self.task_history_limit);
        set(&mut spec.dispatcher, "HeartbeatPeriod", nanos(self.dispatcher_heartbeat));
        set(&mut spec.ca_config, "NodeCertExpiry", nanos(self.cert_expiry));
        spec.raft = raft_config(self.snapshot_interval, self.max_snapshots);
        if let Some(autolock) = self.autolock {
            spec.encryption_config = json!({ "AutoLockManagers": autolock });
        }
        let query = Query::new("/swarm/update").with("version", swarm.version.index.to_string());
        let _: Nothing = client.post(query.as_str(), &spec).await?;
        output::line("Swarm updated.")?;
        if spec.autolock() && !locked {
            output::line("")?;
            unlock_key::show(client).await?;
        }
        Ok(())
    }
}

fn set(group: &mut Value, key: &str, value: Option<u64>) {
    if let Some(value) = value {
        *group = json!({ key: value });
    }
}
