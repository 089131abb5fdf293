use clap::Args;
use skep_rest::NetworksPruned;

use crate::client::{Client, Filters, Nothing, Query};
use crate::commands::confirm::confirmed;
use crate::failure::Failure;
use crate::output;

/// Remove all networks that no service uses, but for those of stacks.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Only those that fit: label=KEY[=VALUE], label!=KEY[=VALUE].
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
    /// Do not prompt for confirmation.
    #[arg(short, long)]
    force: bool,
}

impl Prune {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let filters = Filters::parse(&self.filter)?;
        if !self.force
            && !confirmed("This will remove all custom networks not used by at least one service.")?
        {
            return Err(Failure::Asked("network prune has been cancelled".into()));
        }
        let query = Query::new("/networks/prune").with_some("filters", filters.json().as_deref());
        let pruned: NetworksPruned = client.post(query.as_str(), &Nothing::Null).await?;
        let names = pruned.networks_deleted.unwrap_or_default();
        if names.is_empty() {
            return Ok(());
        }
        output::line("Deleted Networks:")?;
        names.iter().try_for_each(output::line)
    }
}
