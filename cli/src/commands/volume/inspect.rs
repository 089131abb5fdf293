use clap::Args;
use serde_json::Value;

use crate::client::{Client, Query};
use crate::failure::Failure;
use crate::output::inspected;

/// Display detailed information on one or more volumes.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Format output: 'json', or a template like '{{.Mountpoint}}'.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Names.
    #[arg(required = true)]
    volumes: Vec<String>,
}

impl Inspect {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let mut found = Vec::new();
        for name in &self.volumes {
            found.push(client.get::<Value>(&format!("/volumes/{}", Query::segment(name))).await?);
        }
        inspected(found, self.format.as_deref())
    }
}
