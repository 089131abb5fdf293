use clap::Args;
use skep_rest::Task;

use super::one;
use crate::client::{Client, Filters, Query};
use crate::commands::container::exec::ExecFlags;
use crate::failure::Failure;

/// Execute a command in a running task of a service, on whatever node it is.
#[derive(Debug, Args)]
pub(crate) struct Exec {
    #[command(flatten)]
    flags: ExecFlags,
    /// In the task of this slot instead of the first that runs.
    #[arg(long, value_name = "NUMBER")]
    slot: Option<u32>,
    /// Name or id.
    service: String,
    /// The command with its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

impl Exec {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let service = one(client, &self.service).await?;
        let filters = Filters::default().with("service", &service.id).with("desired-state", "running");
        let query = Query::new("/tasks").with_some("filters", filters.json().as_deref());
        let tasks = client.get::<Option<Vec<Task>>>(query.as_str()).await?.unwrap_or_default();
        let fits =
            |task: &&Task| task.status.state == "running" && self.slot.is_none_or(|slot| slot == task.slot);
        let Some(task) = tasks.iter().filter(fits).min_by_key(|task| (task.slot, &task.node_id)) else {
            let which = self.slot.map(|slot| format!(" in slot {slot}")).unwrap_or_default();
            let text = format!("no task of service {} runs{which}; see: skep service ps {0}", self.service);
            return Err(Failure::Asked(text));
        };
        self.flags.run(client, &format!("/tasks/{}", task.id), &self.command).await
    }
}
