use clap::Args;

use super::one;
use crate::client::{Client, Query};
use crate::commands::log_flags::LogFlags;
use crate::commands::service_lines::ServiceLines;
use crate::failure::Failure;

/// Fetch the logs of a service or task.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    #[command(flatten)]
    flags: LogFlags,
    /// Do not include task ids in the lines.
    #[arg(long)]
    no_task_ids: bool,
    /// Do not truncate ids.
    #[arg(long)]
    no_trunc: bool,
    /// Write lines as they came, without the task's name.
    #[arg(long)]
    raw: bool,
    /// Name or id of a service, or id of a task.
    service: String,
}

impl Logs {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let path = match one(client, &self.service).await {
            Ok(service) => format!("/services/{}/logs", service.id),
            Err(failure) if failure.is_not_found() => {
                let path = format!("/tasks/{}", Query::segment(&self.service));
                let task: Result<skep_rest::Task, Failure> = client.get(&path).await;
                // What is no task either was meant as a service.
                format!("/tasks/{}/logs", task.map_err(|_| failure)?.id)
            }
            Err(failure) => return Err(failure),
        };
        if self.raw {
            return self.flags.copy(client, &path).await;
        }
        let lines = ServiceLines::read(client, self.no_task_ids, self.no_trunc, self.flags.details()).await?;
        self.flags.show(client, &path, lines).await
    }
}
