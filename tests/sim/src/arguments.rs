use std::time::Duration;

use clap::Parser;
use sim::Plant;

/// Runs a simulated cluster under a seed and checks that it keeps its promises.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// The seed; drawn by chance when none is given.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Puts the product's gRPC between the nodes, over pipes in memory.
    #[arg(long)]
    pub(crate) wire: bool,
    /// Steps of 20 simulated milliseconds with faults, before the healing.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) steps: u64,
    /// Runs this many seeds, counting up from the first.
    #[arg(long, default_value_t = 1)]
    pub(crate) seeds: u64,
    /// Runs seeds for so long (`90s`, `10m`), counting up from the first.
    #[arg(long = "for", value_parser = duration)]
    pub(crate) time: Option<Duration>,
    /// Nodes: managers and agents together, of which three (fewer if there are not enough) are managers.
    #[arg(long, default_value_t = 7)]
    pub(crate) nodes: usize,
    /// Seeds that are run side by side.
    #[arg(long, default_value_t = 1)]
    pub(crate) jobs: usize,
    /// Prints the whole log.
    #[arg(long)]
    pub(crate) log: bool,
    /// Goes on after a seed that fails.
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Puts in a bug on purpose.
    #[arg(long)]
    pub(crate) plant: Option<Plant>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is not a duration: write 90s or 10m");
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match unit {
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number * 60)),
        "h" => Ok(Duration::from_secs(number * 3_600)),
        _ => Err(wrong()),
    }
}
