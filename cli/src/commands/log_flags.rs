use clap::Args;

use super::service_lines::ServiceLines;
use crate::client::{Channel, Client, LogReader, Query};
use crate::failure::Failure;
use crate::output;

/// Which lines of a log, and how.
#[derive(Debug, Args)]
pub(crate) struct LogFlags {
    /// Follow log output.
    #[arg(short, long)]
    follow: bool,
    /// Number of lines to show from the end of the logs.
    #[arg(short = 'n', long, default_value = "all")]
    tail: String,
    /// Show logs since a timestamp (2026-01-02T13:23:37Z) or relative (42m for 42 minutes).
    #[arg(long)]
    since: Option<String>,
    /// Show logs before a timestamp or relative.
    #[arg(long)]
    until: Option<String>,
    /// Show timestamps.
    #[arg(short, long)]
    timestamps: bool,
    /// Show extra details provided to logs.
    #[arg(long)]
    details: bool,
}

impl LogFlags {
    pub(crate) fn details(&self) -> bool {
        self.details
    }

    /// Writes the log as it is.
    pub(crate) async fn copy(&self, client: &Client, path: &str) -> Result<(), Failure> {
        let mut log = self.open(client, path, self.details).await?;
        while let Some((channel, bytes)) = log.next().await? {
            write(channel, &bytes)?;
        }
        Ok(())
    }

    /// Writes the log with the task before each line.
    pub(crate) async fn show(
        &self,
        client: &Client,
        path: &str,
        mut lines: ServiceLines,
    ) -> Result<(), Failure> {
        let mut log = self.open(client, path, true).await?;
        while let Some((channel, bytes)) = log.next().await? {
            let text = String::from_utf8_lossy(&bytes);
            for line in text.split_inclusive('\n') {
                write(channel, lines.shown(client, line, self.timestamps).await?.as_bytes())?;
            }
        }
        Ok(())
    }

    async fn open(&self, client: &Client, path: &str, details: bool) -> Result<LogReader, Failure> {
        let query = Query::new(path)
            .with("stdout", "1")
            .with("stderr", "1")
            .with("tail", &self.tail)
            .with_flag("follow", self.follow)
            .with_flag("timestamps", self.timestamps)
            .with_flag("details", details)
            .with_some("since", self.since.as_deref())
            .with_some("until", self.until.as_deref());
        client.log(query.as_str()).await
    }
}

fn write(channel: Channel, bytes: &[u8]) -> Result<(), Failure> {
    match channel {
        Channel::Out => output::raw(bytes),
        Channel::Error => output::raw_error(bytes),
    }
}
