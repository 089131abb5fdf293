use clap::Parser;

use super::measure::Measure;

/// Measure the network between hosts, on real daemons in namespaces; needs root.
#[derive(Debug, Clone, Parser)]
#[command(name = "skep-network-bench")]
pub struct Arguments {
    /// Only these measures.
    #[arg(long, value_name = "NAME", value_enum, value_delimiter = ',')]
    pub only: Vec<Measure>,
    /// How many connections `connections` opens.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub connections: u32,
    /// How many times `starts` kills everything.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub rounds: u32,
    /// How many stacks `cycles` creates and removes.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub cycles: u32,
    /// How many changes `dns` makes.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub changes: u32,
    /// For how many minutes each kind of `bad-links` is bad.
    #[arg(long, value_name = "MINUTES", default_value_t = 3.0)]
    pub minutes: f64,
    /// How many rounds `throughput` has.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub turns: u32,
    /// For how many seconds each of its rounds asks, each way.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5)]
    pub seconds: f64,
    /// Leave haproxy out.
    #[arg(long)]
    pub no_peers: bool,
}

impl Arguments {
    /// Whether this measure is asked for.
    pub(crate) fn includes(&self, measure: Measure) -> bool {
        self.only.is_empty() || self.only.contains(&measure)
    }
}
