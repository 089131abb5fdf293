use clap::Args;

use super::change;
use crate::client::Client;
use crate::commands::swarm_warnings;
use crate::failure::Failure;
use crate::output;

/// Update a node.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Whether the node takes tasks: active, pause or drain.
    #[arg(long, value_name = "WORD")]
    availability: Option<String>,
    /// Add or update a node label, KEY=VALUE.
    #[arg(long, value_name = "KEY=VALUE")]
    label_add: Vec<String>,
    /// Remove a node label if it exists.
    #[arg(long, value_name = "KEY")]
    label_rm: Vec<String>,
    /// Role of the node: worker or manager.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Id or host name; self for this node.
    node: String,
}

impl Update {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let labels = self.label_add.iter().map(|text| match text.split_once('=') {
            Some(("", _)) => Err(Failure::Asked(format!("'{text}' is not a label: write KEY=VALUE"))),
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => Ok((text.clone(), String::new())),
        });
        let labels = labels.collect::<Result<Vec<_>, _>>()?;
        let role_changes = self.role.is_some();
        change(client, &self.node, |spec| {
            spec.labels.retain(|key, _| !self.label_rm.contains(key));
            spec.labels.extend(labels);
            if let Some(availability) = self.availability {
                spec.availability = availability;
            }
            if let Some(role) = self.role {
                spec.role = role;
            }
        })
        .await?;
        output::line(self.node)?;
        if role_changes { swarm_warnings::warn(client).await } else { Ok(()) }
    }
}
