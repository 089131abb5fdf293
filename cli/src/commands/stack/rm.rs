use std::time::Duration;

use clap::Args;
use skep_rest::StackRemoved;

use crate::client::{Client, Filters, Query};
use crate::commands::{duration, each};
use crate::failure::Failure;
use crate::output;
use crate::progress::gone;

/// Remove one or more stacks.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// Exit immediately instead of waiting for the tasks to end.
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true")]
    detach: bool,
    /// How long to wait for the tasks.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "2m")]
    timeout: Duration,
    /// The stacks' names.
    #[arg(required = true)]
    stacks: Vec<String>,
}

impl Rm {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        each(&self.stacks, async |name| {
            let filters = remove(client, name).await?;
            if self.detach { Ok(()) } else { gone(client, &filters, self.timeout).await }
        })
        .await
    }
}

/// Removes a stack; its tasks end a little later. Answers with what finds them.
pub(crate) async fn remove(client: &Client, name: &str) -> Result<Filters, Failure> {
    let path = format!("/stacks/{}", Query::segment(name));
    let removed: StackRemoved = client.delete(&path).await?;
    removed.services.iter().try_for_each(|service| output::line(format!("Removing service {service}")))?;
    removed.networks.iter().try_for_each(|network| output::line(format!("Removing network {network}")))?;
    Ok(Filters::default().with_stack(name))
}
