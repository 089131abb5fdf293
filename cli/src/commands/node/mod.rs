//! `skep node`.

mod inspect;
mod ls;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Display detailed information on one or more nodes.
    Inspect(inspect::Inspect),
    /// List nodes in the swarm.
    #[command(alias = "list")]
    Ls(ls::Ls),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Inspect(inspect) => inspect.run(client).await,
            Self::Ls(ls) => ls.run(client).await,
        }
    }
}
