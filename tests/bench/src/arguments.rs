use std::path::PathBuf;

use clap::Parser;

/// Measure Skep and Docker Swarm side by side on this machine; needs root and some five minutes.
#[derive(Debug, Clone, Parser)]
#[command(name = "skep-bench")]
pub struct Arguments {
    /// Rounds of the measure of one task; measures with many containers take a third of it, at least one.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Only these measures: idle, pending, list, task, cpu, hundred, floor.
    #[arg(long, value_name = "NAME", value_delimiter = ',',
          value_parser = ["idle", "pending", "list", "task", "cpu", "hundred", "floor"])]
    pub only: Vec<String>,
    /// Leave Docker out, and compare with what it did on a quiet machine.
    #[arg(long)]
    pub no_peers: bool,
    /// Write all samples to this file, too.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Arguments {
    /// Whether a measure is asked for.
    pub(crate) fn asks_for(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|asked| asked == name)
    }

    /// Rounds of measures that take long.
    pub(crate) fn long_rounds(&self) -> u32 {
        (self.rounds / 3).max(1)
    }
}
