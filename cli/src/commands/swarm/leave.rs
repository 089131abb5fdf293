use clap::Args;

use crate::client::{Client, Nothing, Query};
use crate::failure::Failure;
use crate::output;

/// Leave the swarm.
#[derive(Debug, Args)]
pub(crate) struct Leave {
    /// Force this node to leave the swarm, ignoring warnings.
    #[arg(short, long)]
    force: bool,
}

impl Leave {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let query = Query::new("/swarm/leave").with_flag("force", self.force);
        let _: Nothing = client.post(query.as_str(), &Nothing::Null).await?;
        output::line("Node left the swarm.")
    }
}
