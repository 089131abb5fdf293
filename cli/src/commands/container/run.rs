use clap::Args;

use super::attached;
use super::flags::Flags;
use crate::client::{Client, Nothing};
use crate::failure::Failure;
use crate::output;

/// Create and start a new container on this node, and show what it writes.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Run {
    /// Run the container in the background and print its id.
    #[arg(short, long)]
    detach: bool,
    #[command(flatten)]
    flags: Flags,
}

impl Run {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        self.start(client).await.map_err(Failure::of_run)
    }

    async fn start(&self, client: &Client) -> Result<(), Failure> {
        let session = self.flags.session();
        if !self.detach {
            session.check()?;
        }
        let id = self.flags.create(client).await?;
        if self.detach {
            client.post::<Nothing>(&format!("/containers/{id}/start"), &Nothing::Null).await?;
            return output::line(id);
        }
        attached::start(client, &id, session).await
    }
}
