use clap::Args;
use skep_rest::ExitResult;

use crate::client::{Client, Nothing, Query};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Wait until containers stop, then print their exit codes.
#[derive(Debug, Args)]
pub(crate) struct Wait {
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Wait {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        each(&self.containers, async |name| {
            let path = format!("/containers/{}/wait", Query::segment(name));
            let ended: Option<ExitResult> = client.post(&path, &Nothing::Null).await?;
            let ended = ended
                .ok_or_else(|| Failure::talk(format!("waiting for {name} broke off"), "the daemon ends"))?;
            output::line(ended.status_code.to_string())
        })
        .await
    }
}
