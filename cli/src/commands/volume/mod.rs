//! `skep volume`.

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
    /// Create a volume.
    Create(create::Create),
    /// Display detailed information on one or more volumes.
    Inspect(inspect::Inspect),
    /// List volumes.
    #[command(alias = "list")]
    Ls(ls::Ls),
    /// Remove unused volumes that nobody named.
    Prune(prune::Prune),
    /// Remove one or more volumes.
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
