use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;

use super::progress::follow;
use crate::client::{Client, Query, body_from, body_from_stdin};
use crate::failure::Failure;

/// Load images from a tar archive or standard input.
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// Read from a tar archive file instead of standard input.
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Suppress the load output.
    #[arg(short, long)]
    quiet: bool,
}

impl Load {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let body = match &self.input {
            Some(path) => {
                body_from(tokio::fs::File::open(path).await.map_err(|error| Failure::file(path, error))?)
            }
            None if std::io::stdin().is_terminal() => {
                return Err(Failure::Asked(
                    "requested load from stdin, but stdin is empty: use -i FILE".into(),
                ));
            }
            None => body_from_stdin()?,
        };
        let query = Query::new("/images/load").with_flag("quiet", self.quiet);
        follow(client.upload(query.as_str(), body).await?, self.quiet).await
    }
}
