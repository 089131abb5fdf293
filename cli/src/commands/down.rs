use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::stack::{ComposeFile, remove};
use crate::client::Client;
use crate::commands::duration;
use crate::failure::Failure;
use crate::output;
use crate::progress::gone;

/// Take a stack down and wait until its tasks are gone.
#[derive(Debug, Args)]
pub(crate) struct Down {
    /// How long to wait for the tasks.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "2m")]
    timeout: Duration,
    /// The stack's name, or the compose file that it was made of.
    stack: String,
}

impl Down {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let path = Path::new(&self.stack);
        let is_path = self.stack.contains(['/', '.']) && path.exists();
        let name = if is_path { ComposeFile::read(path)?.stack_name()? } else { self.stack };
        let tasks = remove(client, &name).await?;
        gone(client, &tasks, self.timeout).await?;
        output::line(format!("Stack {name} is gone"))
    }
}
