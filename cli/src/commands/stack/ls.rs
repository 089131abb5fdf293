use clap::Args;
use skep_rest::StackSummary;

use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Listing, ListingFlags, natural};

/// List stacks.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    #[command(flatten)]
    listing: ListingFlags,
}

impl Ls {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let mut stacks = client.get::<Option<Vec<StackSummary>>>("/stacks").await?.unwrap_or_default();
        stacks.sort_by(|one, other| natural(&one.name, &other.name));
        let rows = stacks.into_iter().map(|stack| {
            vec![
                ("Name", stack.name),
                ("Services", stack.services.to_string()),
                ("Orchestrator", "Swarm".to_owned()),
                ("Revision", stack.revision.to_string()),
            ]
        });
        let columns = &[("NAME", "Name"), ("SERVICES", "Services")];
        Listing { columns, rows: rows.collect(), identity: "Name" }.print(&self.listing)
    }
}
