use clap::Args;

use crate::client::{Client, Nothing, Query};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Remove one or more services.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// Names or ids.
    #[arg(required = true)]
    services: Vec<String>,
}

impl Rm {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        each(&self.services, async |name| {
            let _: Nothing = client.delete(&format!("/services/{}", Query::segment(name))).await?;
            output::line(name)
        })
        .await
    }
}
