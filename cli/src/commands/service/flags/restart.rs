use std::time::Duration;

use clap::Args;
use skep_model::{RestartCondition, ServiceSpec};

use super::process::set;
use crate::commands::duration;

/// When tasks that ended are replaced.
#[derive(Debug, Args)]
pub(crate) struct Restart {
    /// Restart when condition is met (none, on-failure, any).
    #[arg(long, value_name = "CONDITION")]
    restart_condition: Option<RestartCondition>,
    /// Delay between restart attempts.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    restart_delay: Option<Duration>,
    /// Maximum number of restarts before giving up (0 = unlimited).
    #[arg(long, value_name = "COUNT")]
    restart_max_attempts: Option<u64>,
    /// Window used to evaluate the restart policy.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    restart_window: Option<Duration>,
}

impl Restart {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let policy = &mut spec.task.restart;
        set(&mut policy.condition, self.restart_condition.as_ref());
        set(&mut policy.delay, self.restart_delay.as_ref());
        set(&mut policy.attempts_max, self.restart_max_attempts.as_ref());
        set(&mut policy.window, self.restart_window.as_ref());
    }
}
