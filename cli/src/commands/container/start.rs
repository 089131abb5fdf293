use clap::Args;
use serde_json::Value;
use skep_rest::ContainerInspect;

use super::attached::{self, Session};
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
    /// Type into the container's standard input from here.
    #[arg(short, long)]
    interactive: bool,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Start {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        if self.attach || self.interactive {
            let [name] = self.containers.as_slice() else {
                return Err(Failure::Asked("you cannot start and attach multiple containers at once".into()));
            };
            let path = format!("/containers/{}/json", Query::segment(name));
            let container: ContainerInspect = client.get(&path).await?;
            let is = |value: &Value, key: &str| value.get(key).and_then(Value::as_bool).unwrap_or_default();
            let session = Session {
                removes: is(&container.host_config, "AutoRemove"),
                terminal: is(&container.config, "Tty"),
                types: self.interactive,
            };
            session.check()?;
            return attached::start(client, &container.id, session).await;
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
