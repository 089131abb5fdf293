use clap::Args;

use super::one;
use crate::client::Client;
use crate::commands::tasks::TaskFlags;
use crate::failure::Failure;

/// List the tasks of one or more services.
#[derive(Debug, Args)]
pub(crate) struct Ps {
    #[command(flatten)]
    flags: TaskFlags,
    /// Names or ids.
    #[arg(required = true)]
    services: Vec<String>,
}

impl Ps {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let mut filters = self.flags.filters()?;
        for name in &self.services {
            filters.add("service", &one(client, name).await?.id);
        }
        self.flags.print(client, &filters).await
    }
}
