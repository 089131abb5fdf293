use clap::Args;
use skep_rest::VolumesPruned;

use crate::client::{Client, Filters, Nothing, Query};
use crate::commands::confirm::confirmed;
use crate::failure::Failure;
use crate::output::{self, decimal_size};

/// Remove the volumes that no container of this node has.
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Remove all unused volumes, not just those that nobody named.
    #[arg(short, long)]
    all: bool,
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
        let filters = if self.all { filters.with("all", "true") } else { filters };
        let which = if self.all { "all" } else { "anonymous" };
        let text = format!("This will remove {which} local volumes not used by at least one container.");
        if !self.force && !confirmed(&text)? {
            return Err(Failure::Asked("volume prune has been cancelled".into()));
        }
        let query = Query::new("/volumes/prune").with_some("filters", filters.json().as_deref());
        let pruned: VolumesPruned = client.post(query.as_str(), &Nothing::Null).await?;
        let names = pruned.volumes_deleted.unwrap_or_default();
        if !names.is_empty() {
            output::line("Deleted Volumes:")?;
            names.iter().try_for_each(output::line)?;
            output::line("")?;
        }
        output::line(format!("Total reclaimed space: {}", decimal_size(pruned.space_reclaimed)))
    }
}
