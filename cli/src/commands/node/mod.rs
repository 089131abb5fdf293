//! `skep node`.

mod change;
mod inspect;
mod ls;
mod ps;
mod rm;
mod role;
mod update;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

use change::{change, resolve};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Demote one or more nodes from manager in the swarm.
    Demote(role::Nodes),
    /// Display detailed information on one or more nodes.
    Inspect(inspect::Inspect),
    /// List nodes in the swarm.
    #[command(alias = "list")]
    Ls(ls::Ls),
    /// Promote one or more nodes to manager in the swarm.
    Promote(role::Nodes),
    /// List tasks running on one or more nodes, defaults to current node.
    Ps(ps::Ps),
    /// Remove one or more nodes from the swarm.
    #[command(alias = "remove")]
    Rm(rm::Rm),
    /// Update a node.
    Update(update::Update),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Demote(nodes) => nodes.demote(client).await,
            Self::Inspect(inspect) => inspect.run(client).await,
            Self::Ls(ls) => ls.run(client).await,
            Self::Promote(nodes) => nodes.promote(client).await,
            Self::Ps(ps) => ps.run(client).await,
            Self::Rm(rm) => rm.run(client).await,
            Self::Update(update) => update.run(client).await,
        }
    }
}
