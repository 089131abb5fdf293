use clap::Args;
use skep_rest::{Rebalanced, Service};

use super::one;
use crate::client::{Client, Query};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Move tasks of services so that they are spread evenly over the nodes again.
///
/// Tasks move one at a time: a task ends when its successor on the other node runs. Tasks with named volumes stay with them.
#[derive(Debug, Args)]
pub(crate) struct Rebalance {
    /// Show which tasks would move, and move none.
    #[arg(long)]
    dry_run: bool,
    /// Services; all replicated ones when none is given.
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
}

impl Rebalance {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let services = if self.services.is_empty() { replicated(client).await? } else { self.services };
        each(&services, async |name| rebalance(client, name, self.dry_run).await).await
    }
}

async fn rebalance(client: &Client, name: &str, dry_run: bool) -> Result<(), Failure> {
    let service = one(client, name).await?;
    let path = Query::new(format!("/services/{}/rebalance", service.id));
    let path = path.with("dryRun", if dry_run { "1" } else { "0" });
    let answer: Rebalanced = client.post(path.as_str(), &()).await?;
    let moves = answer.moves;
    let name = service.spec.name;
    let heading = match (moves.len(), dry_run) {
        (0, _) => format!("{name}: nothing to move"),
        (1, true) => format!("{name}: 1 task would move"),
        (1, false) => format!("{name}: 1 task moves"),
        (count, true) => format!("{name}: {count} tasks would move"),
        (count, false) => format!("{name}: {count} tasks move, one at a time"),
    };
    output::line(heading)?;
    moves
        .iter()
        .try_for_each(|each| output::line(format!("  {name}.{}  {} -> {}", each.slot, each.from, each.to)))
}

async fn replicated(client: &Client) -> Result<Vec<String>, Failure> {
    let services = client.get::<Option<Vec<Service>>>("/services").await?.unwrap_or_default();
    let replicated = services
        .into_iter()
        .filter(|service| service.spec.mode.as_ref().is_some_and(|mode| mode.replicated.is_some()));
    Ok(replicated.map(|service| service.spec.name).collect())
}
