use clap::Args;
use skep_rest::{ContainerInspect, Service};

use crate::client::{Client, Query};
use crate::commands::log_flags::LogFlags;
use crate::commands::service_lines::ServiceLines;
use crate::failure::Failure;

/// Fetch the logs of a container.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    #[command(flatten)]
    flags: LogFlags,
    /// Name or id.
    name: String,
}

impl Logs {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let path = format!("/containers/{}", Query::segment(&self.name));
        let container: ContainerInspect = client.get(&format!("{path}/json")).await?;
        self.flags.copy(client, &format!("/containers/{}/logs", container.id)).await
    }

    /// Of a container or, when none has that name, of a service.
    pub(crate) async fn run_anywhere(self, client: &Client) -> Result<(), Failure> {
        let path = format!("/services/{}", Query::segment(&self.name));
        let service: Result<Service, Failure> = client.get(&path).await;
        let container = format!("/containers/{}/json", Query::segment(&self.name));
        match (client.get::<ContainerInspect>(&container).await, service) {
            (Err(failure), Ok(service)) if failure.is_not_found() => {
                let lines = ServiceLines::read(client, false, false, self.flags.details()).await?;
                self.flags.show(client, &format!("/services/{}/logs", service.id), lines).await
            }
            (Err(failure), _) => Err(failure),
            (Ok(container), _) => {
                self.flags.copy(client, &format!("/containers/{}/logs", container.id)).await
            }
        }
    }
}
