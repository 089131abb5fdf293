use std::path::PathBuf;

use clap::Args;
use http_body_util::BodyExt;

use crate::client::{Client, Query, body_from};
use crate::failure::Failure;
use crate::output;

/// Make this node the only manager of the swarm that a backup holds.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// Where others reach this node: IP[:PORT] or INTERFACE[:PORT].
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    advertise_addr: String,
    /// What "skep swarm backup" wrote.
    file: PathBuf,
}

impl Restore {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let file =
            tokio::fs::File::open(&self.file).await.map_err(|error| Failure::file(&self.file, error))?;
        let query = Query::new("/swarm/restore").with("advertiseAddr", &self.advertise_addr);
        let answer = client.upload(query.as_str(), body_from(file)).await?.collect().await;
        let bytes = answer.map_err(|error| Failure::talk("restoring the swarm", error))?.to_bytes();
        let node: String = serde_json::from_slice(&bytes).unwrap_or_default();
        output::line(format!("Swarm restored: current node ({node}) is now its only manager."))?;
        output::line(
            "Nodes that are there come back by themselves if this host has the address of a former manager;",
        )?;
        output::line("others leave (\"skep swarm leave --force\") and join again.")
    }
}
