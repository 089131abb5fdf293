//! `skep container`, of which `skep ps` and `skep logs` are short forms.

mod inspect;
pub(super) mod logs;
pub(super) mod ls;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Display detailed information on one or more containers.
    Inspect(inspect::Inspect),
    /// Fetch the logs of a container.
    Logs(logs::Logs),
    /// List containers.
    #[command(aliases = ["list", "ps"])]
    Ls(ls::Ls),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Inspect(inspect) => inspect.run(client).await,
            Self::Logs(logs) => logs.run(client).await,
            Self::Ls(ls) => ls.run(client).await,
        }
    }
}
