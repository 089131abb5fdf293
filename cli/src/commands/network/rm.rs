use clap::Args;

use crate::client::{Client, Nothing, Query};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Remove one or more networks.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// Do not error if the network does not exist.
    #[arg(short, long)]
    force: bool,
    /// Names or ids.
    #[arg(required = true)]
    networks: Vec<String>,
}

impl Rm {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        each(&self.networks, async |name| {
            match client.delete::<Nothing>(&format!("/networks/{}", Query::segment(name))).await {
                Err(Failure::Daemon { status: 404, .. }) if self.force => Ok(()),
                Err(failure) => Err(failure),
                Ok(_) => output::line(name),
            }
        })
        .await
    }
}
