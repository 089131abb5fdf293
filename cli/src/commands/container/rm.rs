use clap::Args;

use crate::client::{Client, Nothing, Query};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Remove containers.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// Force the removal of a running container (uses SIGKILL).
    #[arg(short, long)]
    force: bool,
    /// Remove anonymous volumes associated with the container: they always go with it.
    #[arg(short, long)]
    volumes: bool,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Rm {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        each(&self.containers, async |name| {
            let path = format!("/containers/{}", Query::segment(name));
            let query = Query::new(path).with_flag("force", self.force);
            match client.delete::<Nothing>(query.as_str()).await {
                Err(Failure::Daemon { status: 404, .. }) if self.force => Ok(()),
                Err(failure) => Err(failure),
                Ok(_) => output::line(name),
            }
        })
        .await
    }
}
