use clap::Args;

use super::flags::Flags;
use crate::client::Client;
use crate::failure::Failure;
use crate::output;

/// Create a new container on this node without starting it.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Create {
    #[command(flatten)]
    flags: Flags,
}

impl Create {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        output::line(self.flags.create(client).await?)
    }
}
