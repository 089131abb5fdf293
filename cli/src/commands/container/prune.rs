use clap::Args;
use skep_rest::ContainersPruned;

use crate::client::{Client, Filters, Nothing, Query};
use crate::commands::confirm::confirmed;
use crate::failure::Failure;
use crate::output;

/// Remove all containers that do not run, but for those of services.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Only those that fit: label=KEY[=VALUE], until=TIMESTAMP.
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Do not prompt for confirmation.
    #[arg(short, long)]
    force: bool,
}

impl Prune {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let filters = Filters::parse(&self.filter)?;
        if !self.force && !confirmed("This will remove all stopped containers.")? {
            return Err(Failure::Asked("container prune has been cancelled".into()));
        }
        let query = Query::new("/containers/prune").with_some("filters", filters.json().as_deref());
        let pruned: ContainersPruned = client.post(query.as_str(), &Nothing::Null).await?;
        let ids = pruned.containers_deleted.unwrap_or_default();
        if ids.is_empty() {
            return Ok(());
        }
        output::line("Deleted Containers:")?;
        ids.iter().try_for_each(output::line)
    }
}
