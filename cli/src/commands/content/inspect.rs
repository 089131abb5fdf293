use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::Value;
use skep_rest::Held;

use super::noun::Noun;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{self, ago, inspected};

/// Display detailed information on one or more secrets or configs.
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
    names: Vec<String>,
}

impl Inspect {
    pub(crate) async fn run(self, noun: Noun, client: &Client) -> Result<(), Failure> {
        if self.pretty {
            for name in &self.names {
                pretty(&noun.one(client, name).await?)?;
            }
            return Ok(());
        }
        let mut found = Vec::new();
        for name in &self.names {
            found.push(client.get::<Value>(&noun.path(name)).await?);
        }
        inspected(found, self.format.as_deref())
    }
}

fn pretty(held: &Held) -> Result<(), Failure> {
    output::line(format!("ID:\t\t\t{}", held.id))?;
    output::line(format!("Name:\t\t\t{}", held.spec.name))?;
    let labels = held.spec.labels.iter().flatten();
    let labels: Vec<String> = labels.map(|(key, value)| format!(" - {key}={value}")).collect();
    if !labels.is_empty() {
        output::line("Labels:")?;
        labels.iter().try_for_each(output::line)?;
    }
    output::line(format!("Created at:\t\t{} ({})", held.created_at, ago(&held.created_at)))?;
    output::line(format!("Updated at:\t\t{} ({})", held.updated_at, ago(&held.updated_at)))?;
    output::line(format!("Version of its content:\t{}", held.content_version))?;
    if let Some(data) = &held.spec.data {
        let bytes =
            STANDARD.decode(data).map_err(|error| Failure::talk("the content cannot be read", error))?;
        output::line("Data:")?;
        output::raw(&bytes)?;
        if !bytes.ends_with(b"\n") {
            output::line("")?;
        }
    }
    Ok(())
}
