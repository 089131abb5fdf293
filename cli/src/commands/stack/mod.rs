//! `skep stack`.

mod deploy;
mod exposed;
mod file;
mod ls;
mod ps;
mod rm;
mod services;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

pub(super) use deploy::{Deployment, deploy};
pub(super) use file::ComposeFile;
pub(super) use rm::remove;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Deploy a new stack or update an existing stack.
    #[command(visible_alias = "up")]
    Deploy(deploy::Deploy),
    /// List stacks.
    #[command(alias = "list")]
    Ls(ls::Ls),
    /// List the tasks in the stack.
    Ps(ps::Ps),
    /// Remove one or more stacks.
    #[command(aliases = ["remove", "down"])]
    Rm(rm::Rm),
    /// List the services in the stack.
    Services(services::Services),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Deploy(deploy) => deploy.run(client).await,
            Self::Ls(ls) => ls.run(client).await,
            Self::Ps(ps) => ps.run(client).await,
            Self::Rm(rm) => rm.run(client).await,
            Self::Services(services) => services.run(client).await,
        }
    }
}
