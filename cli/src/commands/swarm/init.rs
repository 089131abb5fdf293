use clap::Args;
use serde_json::json;
use skep_rest::{SwarmInit, SwarmSpec};

use super::join_token::{Role, join_command};
use super::node_flags::NodeFlags;
use super::settings::Settings;
use super::unlock_key;
use crate::client::Client;
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
    /// Encrypt every network between nodes, the ingress network included (UDP port 4790).
    #[arg(long)]
    encrypt_networks: bool,
    #[command(flatten)]
    settings: Settings,
}

impl Init {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
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
    let encryption_config =
        json!({ "AutoLockManagers": init.autolock, "EncryptNetworks": init.encrypt_networks });
    let mut spec = SwarmSpec { encryption_config, ..SwarmSpec::default() };
    init.settings.apply(&mut spec)?;
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
        spec,
    };
    client.post("/swarm/init", &request).await
}
