use std::time::Duration;

use clap::Args;

use crate::commands::duration;

/// Whether and how long a command waits for what it asked for.
#[derive(Debug, Args)]
pub(crate) struct Waiting {
    /// Exit immediately instead of waiting for the service to converge.
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    pub(crate) detach: bool,
    /// Suppress progress output.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// How long to wait for the service.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    pub(crate) timeout: Duration,
}
