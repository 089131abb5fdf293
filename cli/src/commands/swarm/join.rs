use clap::Args;
use skep_rest::{Info, SwarmJoin};

use super::node_flags::NodeFlags;
use crate::client::{Client, Nothing};
use crate::commands::swarm_warnings;
use crate::failure::Failure;
use crate::output;

/// Join a swarm as a node and/or manager.
#[derive(Debug, Args)]
pub(crate) struct Join {
    #[command(flatten)]
    node: NodeFlags,
    /// Token for entry into the swarm; a manager shows it with "skep swarm join-token".
    #[arg(long, value_name = "TOKEN")]
    token: String,
    /// Address of a manager.
    #[arg(value_name = "HOST:PORT")]
    manager: String,
}

impl Join {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let request = SwarmJoin {
            listen_addr: self.node.listen_addr.unwrap_or_default(),
            advertise_addr: self.node.advertise_addr.unwrap_or_default(),
            data_path_addr: self.node.data_path_addr.unwrap_or_default(),
            availability: self.node.availability,
            remote_addrs: vec![self.manager],
            join_token: self.token,
        };
        let _: Nothing = client.post("/swarm/join", &request).await?;
        let swarm = client.get::<Info>("/info").await?.swarm;
        output::line(match swarm.control_available {
            true => "This node joined a swarm as a manager.",
            false => "This node joined a swarm as a worker.",
        })?;
        swarm_warnings::warn(client).await
    }
}
