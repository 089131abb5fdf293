use clap::Args;
use serde_json::Value;
use skep_rest::Node;

use super::resolve;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{self, binary_size, capitalised, inspected};

/// Display detailed information on one or more nodes.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Format output: 'json', or a template like '{{.Status.Addr}}'.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Print the information in a human friendly format.
    #[arg(long, conflicts_with = "format")]
    pretty: bool,
    /// Names or ids, or `self`.
    #[arg(required = true)]
    nodes: Vec<String>,
}

impl Inspect {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let mut found = Vec::new();
        for name in &self.nodes {
            let path = format!("/nodes/{}", resolve(client, name).await?);
            if self.pretty {
                pretty(&client.get(&path).await?)?;
            } else {
                found.push(client.get::<Value>(&path).await?);
            }
        }
        if self.pretty { Ok(()) } else { inspected(found, self.format.as_deref()) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few CPUs are shown")]
fn pretty(node: &Node) -> Result<(), Failure> {
    let description = &node.description;
    let mut lines = vec![
        format!("ID:\t\t\t{}", node.id),
        format!("Hostname:              \t{}", description.hostname),
        format!("Joined at:             \t{}", node.created_at),
        "Status:".to_owned(),
        format!(" State:\t\t\t{}", capitalised(&node.status.state)),
        format!(" Availability:         \t{}", capitalised(&node.spec.availability)),
        format!(" Address:\t\t{}", node.status.addr),
    ];
    if let Some(clock) = node.status.clock() {
        lines.push(format!(" Clock:\t\t\t{clock}"));
    }
    if let Some(manager) = &node.manager_status {
        lines.push("Manager Status:".to_owned());
        lines.push(format!(" Address:\t\t{}", manager.addr));
        lines.push(format!(" Raft Status:\t\t{}", capitalised(&manager.reachability)));
        lines.push(format!(" Leader:\t\t{}", if manager.leader { "Yes" } else { "No" }));
    }
    lines.push("Platform:".to_owned());
    lines.push(format!(" Operating System:\t{}", description.platform.os));
    lines.push(format!(" Architecture:\t\t{}", description.platform.architecture));
    lines.push("Resources:".to_owned());
    lines.push(format!(" CPUs:\t\t\t{}", description.resources.nano_cpus as f64 / 1e9));
    lines.push(format!(" Memory:\t\t{}", binary_size(description.resources.memory_bytes)));
    lines.push(format!("Engine Version:\t\t{}", description.engine.engine_version));
    lines.into_iter().try_for_each(output::line)
}
