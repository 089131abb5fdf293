use clap::Args;

use crate::client::{Client, Nothing, Query};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Remove one or more nodes from the swarm.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// Force remove a node from the swarm, also when it is up.
    #[arg(short, long)]
    force: bool,
    /// Ids or host names.
    #[arg(required = true)]
    nodes: Vec<String>,
}

impl Rm {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        each(&self.nodes, async |name| {
            let path = format!("/nodes/{}", Query::segment(name));
            let _: Nothing = client.delete(Query::new(path).with_flag("force", self.force).as_str()).await?;
            output::line(name)
        })
        .await
    }
}
