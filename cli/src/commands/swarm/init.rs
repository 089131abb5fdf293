use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use skep_rest::{SwarmInit, SwarmSpec};

use super::ca::refuse_external;
use super::join_token::{Role, join_command};
use super::node_flags::NodeFlags;
use super::unlock_key;
use crate::client::Client;
use crate::commands::some_time;
use crate::failure::Failure;
use crate::output;

/// Initialize a swarm.
#[derive(Debug, Args)]
pub(crate) struct Init {
    #[command(flatten)]
    node: NodeFlags,
    /// Where subnets of networks come from, in CIDR form [default: 10.0.0.0/8].
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    default_addr_pool: Vec<String>,
    /// UDP port for the traffic between containers of different hosts [default: 4789].
    #[arg(long, value_name = "PORT")]
    data_path_port: Option<u32>,
    /// Prefix length of a subnet [default: 24].
    #[arg(long, value_name = "BITS")]
    default_addr_pool_mask_length: Option<u32>,
    /// Go on as the only manager of the swarm that this node is in: for when most managers are lost for good.
    #[arg(long)]
    force_new_cluster: bool,
    /// Lock what managers keep on their disks: a restarted manager waits for the unlock key ("skep swarm unlock").
    #[arg(long)]
    autolock: bool,
    /// How many ended tasks of a slot are kept.
    #[arg(long, value_name = "COUNT")]
    task_history_limit: Option<u64>,
    /// Time between two heartbeats of a node [default: 2s].
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    dispatcher_heartbeat: Option<Duration>,
    /// How long a node's certificate is valid [default: 2160h].
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    cert_expiry: Option<Duration>,
    /// After so many entries of the log a manager takes a snapshot [default: 10000].
    #[arg(long, value_name = "COUNT")]
    snapshot_interval: Option<u64>,
    /// Not supported but for 0: one snapshot is kept ("skep swarm backup" makes copies to keep).
    #[arg(long, value_name = "COUNT")]
    max_snapshots: Option<u64>,
    /// Not supported: Skep signs the certificates of its nodes itself.
    #[arg(long, value_name = "SPEC")]
    external_ca: Vec<String>,
}

impl Init {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        refuse_external(&self.external_ca)?;
        let autolock = self.autolock;
        let node = init(client, self).await?;
        output::line(format!("Swarm initialized: current node ({node}) is now a manager."))?;
        output::line("\nTo add a worker to this swarm, run the following command:\n")?;
        output::line(format!("    {}\n", join_command(client, Role::Worker).await?))?;
        output::line("To add a manager, run \"skep swarm join-token manager\" and follow the instructions.")?;
        if autolock {
            output::line("")?;
            unlock_key::show(client).await?;
        }
        Ok(())
    }
}

/// Starts a swarm; answers with this node's id.
async fn init(client: &Client, init: Init) -> Result<String, Failure> {
    let number = |key: &str, value: Option<u64>| value.map_or(Value::Null, |value| json!({ key: value }));
    let nanos = |value: Option<Duration>| value.and_then(|value| u64::try_from(value.as_nanos()).ok());
    let request = SwarmInit {
        listen_addr: init.node.listen_addr.unwrap_or_default(),
        advertise_addr: init.node.advertise_addr.unwrap_or_default(),
        availability: init.node.availability,
        data_path_addr: init.node.data_path_addr.unwrap_or_default(),
        data_path_port: init.data_path_port.unwrap_or_default(),
        force_new_cluster: init.force_new_cluster,
        default_addr_pool: Some(init.default_addr_pool).filter(|pools| !pools.is_empty()),
        auto_lock_managers: init.autolock,
        subnet_size: init.default_addr_pool_mask_length.unwrap_or_default(),
        spec: SwarmSpec {
            orchestration: number("TaskHistoryRetentionLimit", init.task_history_limit),
            dispatcher: number("HeartbeatPeriod", nanos(init.dispatcher_heartbeat)),
            raft: raft_config(init.snapshot_interval, init.max_snapshots),
            encryption_config: json!({ "AutoLockManagers": init.autolock }),
            ca_config: number("NodeCertExpiry", nanos(init.cert_expiry)),
            ..SwarmSpec::default()
        },
    };
    client.post("/swarm/init", &request).await
}

/// What is said of Raft, in Docker's shape.
pub(super) fn raft_config(snapshot_interval: Option<u64>, max_snapshots: Option<u64>) -> Value {
    let said = [("SnapshotInterval", snapshot_interval), ("KeepOldSnapshots", max_snapshots)];
    let said = said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?))));
    said.collect()
}
