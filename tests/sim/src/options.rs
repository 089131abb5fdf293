use std::time::Duration;

use crate::plant::Plant;
use crate::tier::Tier;

/// One step of a run: the invariants are checked once a step.
pub const STEP: Duration = Duration::from_millis(20);

/// What decides a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// What is between the nodes.
    pub tier: Tier,
    /// Steps with faults, before the healing.
    pub steps: u64,
    /// Managers.
    pub managers: usize,
    /// Agents.
    pub agents: usize,
    /// A bug that is put in on purpose.
    pub plant: Option<Plant>,
    /// Keeps all lines of the log, not only the last ones.
    pub keep_all: bool,
}

impl Options {
    /// A run of the usual size.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            tier: Tier::Messages,
            steps: 2_000,
            managers: 3,
            agents: 4,
            plant: None,
            keep_all: false,
        }
    }
}
