//! `skep swarm`.

mod init;
mod leave;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Initialize a swarm.
    Init(init::Init),
    /// Leave the swarm.
    Leave(leave::Leave),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Init(init) => init.run(client).await,
            Self::Leave(leave) => leave.run(client).await,
        }
    }
}
