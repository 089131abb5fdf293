//! `skep network`.

mod create;
mod inspect;
mod ls;
mod prune;
mod rm;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a network.
    Create(Box<create::Create>),
    /// Display detailed information on one or more networks.
    Inspect(inspect::Inspect),
    /// List networks.
    #[command(alias = "list")]
    Ls(ls::Ls),
    /// Remove all unused networks that are not a stack's.
    Prune(prune::Prune),
    /// Remove one or more networks.
    #[command(alias = "remove")]
    Rm(rm::Rm),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(client).await,
            Self::Inspect(inspect) => inspect.run(client).await,
            Self::Ls(ls) => ls.run(client).await,
            Self::Prune(prune) => prune.run(client).await,
            Self::Rm(rm) => rm.run(client).await,
        }
    }
}
