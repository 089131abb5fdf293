//! `skep swarm`.

mod init;
mod join;
mod join_token;
mod leave;
mod update;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Initialize a swarm.
    Init(init::Init),
    /// Join a swarm as a node and/or manager.
    Join(join::Join),
    /// Manage join tokens.
    JoinToken(join_token::JoinToken),
    /// Leave the swarm.
    Leave(leave::Leave),
    /// Update the swarm.
    Update(update::Update),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Init(init) => init.run(client).await,
            Self::Join(join) => join.run(client).await,
            Self::JoinToken(token) => token.run(client).await,
            Self::Leave(leave) => leave.run(client).await,
            Self::Update(update) => update.run(client).await,
        }
    }
}
