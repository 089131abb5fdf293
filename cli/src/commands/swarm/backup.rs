use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;
use http_body_util::BodyExt;

use crate::client::Client;
use crate::failure::Failure;
use crate::output;

/// Save the swarm's whole state to a file, with its secrets: keep it safe.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// A new file; it is readable by its owner alone.
    file: PathBuf,
}

impl Backup {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let failed = |error| Failure::file(&self.file, error);
        let body = client.stream("/swarm/backup").await?.collect().await;
        let bytes = body.map_err(|error| Failure::talk("reading the backup", error))?.to_bytes();
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.file).map_err(failed)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
        output::line(format!("Saved the swarm ({} bytes) to {}", bytes.len(), self.file.display()))
    }
}
