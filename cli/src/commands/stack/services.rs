use clap::Args;
use skep_rest::StackInspect;

use crate::client::{Client, Filters, Query};
use crate::commands::service;
use crate::failure::Failure;
use crate::output::ListingFlags;

/// List the services in the stack.
#[derive(Debug, Args)]
pub(crate) struct Services {
    /// Filter output based on conditions provided.
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    #[command(flatten)]
    listing: ListingFlags,
    /// The stack's name.
    stack: String,
}

impl Services {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let _: StackInspect = client.get(&format!("/stacks/{}", Query::segment(&self.stack))).await?;
        let filters = Filters::parse(&self.filter)?.with_stack(&self.stack);
        service::list(client, &filters, &self.listing).await
    }
}
