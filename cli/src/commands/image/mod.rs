//! `skep image`.

pub(super) mod import;
mod inspect;
pub(super) mod load;
pub(super) mod ls;
mod progress;
pub(super) mod rm;
mod tag;

use clap::Subcommand;

use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an image of a root file system's tar archive.
    Import(import::Import),
    /// Display detailed information on one or more images.
    Inspect(inspect::Inspect),
    /// Load images from a tar archive or standard input.
    Load(load::Load),
    /// List images.
    #[command(alias = "list")]
    Ls(ls::Ls),
    /// Remove one or more images.
    #[command(alias = "remove")]
    Rm(rm::Rm),
    /// Give an image one more name.
    Tag(tag::Tag),
}

impl Command {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Import(import) => import.run(client).await,
            Self::Inspect(inspect) => inspect.run(client).await,
            Self::Load(load) => load.run(client).await,
            Self::Ls(ls) => ls.run(client).await,
            Self::Rm(rm) => rm.run(client).await,
            Self::Tag(tag) => tag.run(client).await,
        }
    }
}
