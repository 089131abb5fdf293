use clap::Args;

use crate::client::{Client, Nothing, Query};
use crate::commands::each;
use crate::failure::Failure;
use crate::output;

/// Restart containers.
#[derive(Debug, Args)]
pub(crate) struct Restart {
    /// Seconds to wait before killing the container.
    #[arg(short, long, visible_alias = "timeout", value_name = "SECONDS")]
    time: Option<u64>,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Restart {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let time = self.time.map(|seconds| seconds.to_string());
        each(&self.containers, async |name| {
            let path = format!("/containers/{}/restart", Query::segment(name));
            let query = Query::new(path).with_some("t", time.as_deref());
            client.post::<Nothing>(query.as_str(), &Nothing::Null).await?;
            output::line(name)
        })
        .await
    }
}
