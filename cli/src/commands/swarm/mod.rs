//! `skep swarm`.

mod backup;
mod ca;
mod init;
mod join;
mod join_token;
mod leave;
mod node_flags;
mod restore;
mod secret_input;
mod settings;
mod unlock;
mod unlock_key;
mod update;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Save the swarm's whole state to a file.
    Backup(backup::Backup),
    /// Display and rotate the root CA.
    Ca(ca::Ca),
    /// Initialize a swarm.
    Init(init::Init),
    /// Join a swarm as a node and/or manager.
    Join(join::Join),
    /// Manage join tokens.
    JoinToken(join_token::JoinToken),
    /// Leave the swarm.
    Leave(leave::Leave),
    /// Make this node the only manager of the swarm that a backup holds.
    Restore(restore::Restore),
    /// Unlock the swarm on this manager after a restart.
    Unlock(unlock::Unlock),
    /// Manage the unlock key.
    UnlockKey(unlock_key::UnlockKey),
    /// Update the swarm.
    Update(update::Update),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Backup(backup) => backup.run(client).await,
            Self::Ca(ca) => ca.run(client).await,
            Self::Init(init) => init.run(client).await,
            Self::Join(join) => join.run(client).await,
            Self::JoinToken(token) => token.run(client).await,
            Self::Leave(leave) => leave.run(client).await,
            Self::Restore(restore) => restore.run(client).await,
            Self::Unlock(unlock) => unlock.run(client).await,
            Self::UnlockKey(key) => key.run(client).await,
            Self::Update(update) => update.run(client).await,
        }
    }
}
