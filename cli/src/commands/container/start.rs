use clap::Args;
use skep_rest::ContainerInspect;

use super::attached;
use crate::client::{Client, Nothing, Query};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Start containers.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Show what the container writes, and end with its exit code.
    #[arg(short, long)]
    attach: bool,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Start {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        if self.attach {
            let [name] = self.containers.as_slice() else {
                return Err(Failure::Asked("you cannot start and attach multiple containers at once".into()));
            };
            let path = format!("/containers/{}/json", Query::segment(name));
            let container: ContainerInspect = client.get(&path).await?;
            let removes = container.host_config.get("AutoRemove").and_then(serde_json::Value::as_bool);
            return attached::start(client, &container.id, removes.unwrap_or_default()).await;
        }
        each(&self.containers, async |name| {
            client
                .post::<Nothing>(&format!("/containers/{}/start", Query::segment(name)), &Nothing::Null)
                .await?;
            output::line(name)
        })
        .await
    }
}
