use clap::Args;
use serde_json::Value;

use crate::client::{Client, Query};
use crate::failure::Failure;
use crate::output::inspected;

/// Display detailed information on one or more images.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Format output: 'json', or a template like '{{.Config.Cmd}}'.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Names or ids.
    #[arg(required = true)]
    images: Vec<String>,
}

impl Inspect {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let mut found = Vec::new();
        for name in &self.images {
            found.push(client.get::<Value>(&format!("/images/{}/json", Query::segment(name))).await?);
        }
        inspected(found, self.format.as_deref())
    }
}
