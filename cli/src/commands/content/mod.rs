//! `skep secret` and `skep config`: the same verbs.

mod create;
mod inspect;
mod ls;
mod noun;
mod rm;
mod update;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

pub(super) use noun::Noun;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create one from a file or standard input.
    Create(create::Create),
    /// Display detailed information on one or more.
    Inspect(inspect::Inspect),
    /// List them.
    #[command(alias = "list")]
    Ls(ls::Ls),
    /// Remove one or more.
    #[command(alias = "remove")]
    Rm(rm::Rm),
    /// Give one another content, and bring the services that use it along, or change its labels.
    Update(update::Update),
}

impl Command {
    pub(crate) async fn run(self, noun: Noun, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(noun, client).await,
            Self::Inspect(inspect) => inspect.run(noun, client).await,
            Self::Ls(ls) => ls.run(noun, client).await,
            Self::Rm(rm) => rm.run(noun, client).await,
            Self::Update(update) => update.run(noun, client).await,
        }
    }
}
