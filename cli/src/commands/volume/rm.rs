use clap::Args;

use crate::client::{Client, Nothing, Query};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Remove one or more volumes with their data. One that a container has is not removed.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// Do not error if the volume does not exist.
    #[arg(short, long)]
    force: bool,
    /// Names.
    #[arg(required = true)]
    volumes: Vec<String>,
}

impl Rm {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        each(&self.volumes, async |name| {
            let query =
                Query::new(format!("/volumes/{}", Query::segment(name))).with_flag("force", self.force);
            client.delete::<Nothing>(query.as_str()).await?;
            output::line(name)
        })
        .await
    }
}
