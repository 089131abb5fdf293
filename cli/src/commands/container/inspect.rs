use clap::Args;
use serde_json::Value;

use crate::client::{Client, Query};
use crate::failure::Failure;
use crate::output::inspected;

/// Display detailed information on one or more containers.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Format output: 'json', or a template like '{{.State.Pid}}'.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Inspect {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let mut found = Vec::new();
        for name in &self.containers {
            found.push(client.get::<Value>(&format!("/containers/{}/json", Query::segment(name))).await?);
        }
        inspected(found, self.format.as_deref())
    }
}
