use clap::Args;

use super::noun::Noun;
use crate::client::{Client, Nothing};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Remove one or more secrets or configs.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// Names or ids.
    #[arg(required = true)]
    names: Vec<String>,
}

impl Rm {
    pub(crate) async fn run(self, noun: Noun, client: &Client) -> Result<(), Failure> {
        each(&self.names, async |name| {
            let _: Nothing = client.delete(&noun.path(name)).await?;
            output::line(name)
        })
        .await
    }
}
