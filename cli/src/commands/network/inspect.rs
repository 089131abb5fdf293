use clap::Args;
use serde_json::Value;

use crate::client::{Client, Query};
use crate::failure::Failure;
use crate::output::inspected;

/// Display detailed information on one or more networks.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Format output: 'json', or a template like '{{.IPAM.Config}}'.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Verbose output: the services on the network, too.
    #[arg(short, long)]
    verbose: bool,
    /// Names or ids.
    #[arg(required = true)]
    networks: Vec<String>,
}

impl Inspect {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let mut found = Vec::new();
        for name in &self.networks {
            let path = format!("/networks/{}", Query::segment(name));
            let query = Query::new(path).with_flag("verbose", self.verbose);
            found.push(client.get::<Value>(query.as_str()).await?);
        }
        inspected(found, self.format.as_deref())
    }
}
