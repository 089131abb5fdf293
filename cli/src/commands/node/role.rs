use clap::Args;
use skep_rest::Node;

use super::{change, resolve};
use crate::client::Client;
use crate::commands::{each, swarm_warnings};
use crate::failure::Failure;
use crate::output;

/// The nodes whose role is changed.
#[derive(Debug, Args)]
pub(crate) struct Nodes {
    /// Ids or host names; self for this node.
    #[arg(required = true)]
    nodes: Vec<String>,
}

impl Nodes {
    /// Makes managers of them.
    pub(crate) async fn promote(self, client: &Client) -> Result<(), Failure> {
        self.become_role(client, "manager", "promoted to a manager in the swarm").await
    }

    /// Makes workers of them.
    pub(crate) async fn demote(self, client: &Client) -> Result<(), Failure> {
        self.become_role(client, "worker", "demoted in the swarm").await
    }

    async fn become_role(self, client: &Client, role: &str, done: &str) -> Result<(), Failure> {
        each(&self.nodes, async |name| {
            let node: Node = client.get(&format!("/nodes/{}", resolve(client, name).await?)).await?;
            if node.spec.role == role {
                return output::line(format!("Node {name} is already a {role}."));
            }
            change(client, name, |spec| role.clone_into(&mut spec.role)).await?;
            if role == "manager" {
                output::line(format!("Node {name} {done}."))
            } else {
                output::line(format!("Manager {name} {done}."))
            }
        })
        .await?;
        swarm_warnings::warn(client).await
    }
}
