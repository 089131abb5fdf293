use clap::Args;
use skep_rest::StackInspect;

use crate::client::{Client, Query};
use crate::commands::tasks::TaskFlags;
use crate::failure::Failure;

/// List the tasks in the stack.
#[derive(Debug, Args)]
pub(crate) struct Ps {
    #[command(flatten)]
    flags: TaskFlags,
    /// The stack's name.
    stack: String,
}

impl Ps {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let _: StackInspect = client.get(&format!("/stacks/{}", Query::segment(&self.stack))).await?;
        let filters = self.flags.filters()?.with_stack(&self.stack);
        self.flags.print(client, &filters).await
    }
}
