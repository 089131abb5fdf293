use clap::Parser;

/// Kill leaders and workers of a swarm of 3 managers and 2 workers under load; needs root.
#[derive(Debug, Clone, Parser)]
#[command(name = "skep-failover")]
pub struct Arguments {
    /// How many times the leader is killed.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub kills: u32,
    /// How many times the leader is frozen for five seconds.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub freezes: u32,
    /// How many times a worker is killed with all that it runs.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub workers: u32,
    /// How many times all managers are stopped and started.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub schedules: u32,
    /// For how many minutes all cores are kept busy while nobody is killed.
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    pub busy: u32,
    /// At most so many of each with Docker, which takes long.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub peer_rounds: u32,
    /// Leave Docker out.
    #[arg(long)]
    pub no_peers: bool,
    /// Repeat the schedules of a run, which prints its seed.
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u64>,
}

impl Arguments {
    /// The same for Docker.
    pub(crate) fn for_peer(&self) -> Self {
        let most = |rounds: u32| rounds.min(self.peer_rounds);
        Self {
            kills: most(self.kills),
            freezes: most(self.freezes),
            workers: most(self.workers),
            schedules: most(self.schedules),
            busy: 0,
            ..self.clone()
        }
    }
}
