use clap::Args;

use super::resolve;
use crate::client::Client;
use crate::commands::tasks::TaskFlags;
use crate::failure::Failure;

/// List tasks running on one or more nodes, defaults to current node.
#[derive(Debug, Args)]
pub(crate) struct Ps {
    #[command(flatten)]
    flags: TaskFlags,
    /// Ids or host names [default: self].
    nodes: Vec<String>,
}

impl Ps {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let mut filters = self.flags.filters()?;
        let own = ["self".to_owned()];
        let nodes = if self.nodes.is_empty() { own.as_slice() } else { &self.nodes };
        for name in nodes {
            filters.add("node", &resolve(client, name).await?);
        }
        self.flags.print(client, &filters).await
    }
}
