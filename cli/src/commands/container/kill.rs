use clap::Args;

use crate::client::{Client, Nothing, Query};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Send a signal to containers.
#[derive(Debug, Args)]
pub(crate) struct Kill {
    /// Signal to send to the container (default SIGKILL).
    #[arg(short, long)]
    signal: Option<String>,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Kill {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        each(&self.containers, async |name| {
            let path = format!("/containers/{}/kill", Query::segment(name));
            let query = Query::new(path).with_some("signal", self.signal.as_deref());
            client.post::<Nothing>(query.as_str(), &Nothing::Null).await?;
            output::line(name)
        })
        .await
    }
}
