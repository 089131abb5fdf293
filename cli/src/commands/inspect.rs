use clap::Args;
use serde_json::Value;

use crate::client::{Client, Query};
use crate::failure::Failure;
use crate::output::inspected;

/// Show everything that is known of objects of any kind.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Format output: 'json', or a template like '{{.ID}}'.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Only objects of this kind: container, image, service, task, node, network or volume.
    #[arg(long = "type", value_name = "KIND")]
    kind: Option<String>,
    /// Names or ids.
    #[arg(required = true)]
    names: Vec<String>,
}

/// Where objects of each kind are, in the order in which they are looked for.
const KINDS: [(&str, &str, &str); 7] = [
    ("container", "/containers/", "/json"),
    ("service", "/services/", ""),
    ("task", "/tasks/", ""),
    ("image", "/images/", "/json"),
    ("network", "/networks/", ""),
    ("volume", "/volumes/", ""),
    ("node", "/nodes/", ""),
];

impl Inspect {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        if let Some(kind) = self.kind.as_deref().filter(|kind| !KINDS.iter().any(|(known, ..)| known == kind))
        {
            let known: Vec<&str> = KINDS.iter().map(|(known, ..)| *known).collect();
            return Err(Failure::Asked(format!(
                "'{kind}' is not a kind of object: use {}",
                known.join(", ")
            )));
        }
        let mut found = Vec::new();
        for name in &self.names {
            found.push(self.find(client, name).await?);
        }
        inspected(found, self.format.as_deref())
    }

    async fn find(&self, client: &Client, name: &str) -> Result<Value, Failure> {
        for (kind, before, after) in KINDS {
            if self.kind.as_deref().is_some_and(|wanted| wanted != kind) {
                continue;
            }
            match client.get(&format!("{before}{}{after}", Query::segment(name))).await {
                // A node outside a swarm has containers and images only.
                Err(Failure::Daemon { status: 404 | 503 | 400, .. }) => {}
                answer => return answer,
            }
        }
        Err(Failure::Asked(format!("No such object: {name}")))
    }
}
