use clap::Args;
use serde_json::Value;
use skep_rest::Service;

use super::pretty;

use crate::client::{Client, Query};
use crate::failure::Failure;
use crate::output::{self, inspected};

/// Display detailed information on one or more services.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Format output: 'json', or a template like '{{.Spec.Name}}'.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Print the information in a human friendly format.
    #[arg(long, conflicts_with = "format")]
    pretty: bool,
    /// Names or ids.
    #[arg(required = true)]
    services: Vec<String>,
}

impl Inspect {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        if self.pretty {
            for name in &self.services {
                pretty::lines(&one(client, name).await?).into_iter().try_for_each(output::line)?;
            }
            return Ok(());
        }
        let mut found = Vec::new();
        for name in &self.services {
            found.push(client.get::<Value>(&path(name)).await?);
        }
        inspected(found, self.format.as_deref())
    }
}

/// A service by name or id.
pub(crate) async fn one(client: &Client, name: &str) -> Result<Service, Failure> {
    client.get(&path(name)).await
}

fn path(name: &str) -> String {
    format!("/services/{}", Query::segment(name))
}
