use std::time::Duration;

use clap::Args;
use skep_model::{FailureAction, ServiceSpec, UpdateConfig, UpdateOrder};

use super::process::set;
use crate::commands::duration;

/// How tasks are brought to a changed spec.
#[derive(Debug, Args)]
pub(crate) struct Rollout {
    /// Maximum number of tasks updated simultaneously (0 to update all at once).
    #[arg(long, value_name = "COUNT")]
    update_parallelism: Option<u64>,
    /// Delay between updates.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    update_delay: Option<Duration>,
    /// Duration after each task update to monitor for failure.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    update_monitor: Option<Duration>,
    /// Action on update failure (pause, continue, rollback).
    #[arg(long, value_name = "ACTION")]
    update_failure_action: Option<FailureAction>,
    /// Failure rate to tolerate during an update (0 to 1).
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    update_max_failure_ratio: Option<u32>,
    /// Update order (start-first, stop-first).
    #[arg(long, value_name = "ORDER")]
    update_order: Option<UpdateOrder>,
}

/// How tasks are brought back to the spec before.
#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// Maximum number of tasks rolled back simultaneously (0 to roll back all at once).
    #[arg(long, value_name = "COUNT")]
    rollback_parallelism: Option<u64>,
    /// Delay between task rollbacks.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    rollback_delay: Option<Duration>,
    /// Duration after each task rollback to monitor for failure.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    rollback_monitor: Option<Duration>,
    /// Action on rollback failure (pause, continue).
    #[arg(long, value_name = "ACTION", value_parser = rollback_action)]
    rollback_failure_action: Option<FailureAction>,
    /// Failure rate to tolerate during a rollback (0 to 1).
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    rollback_max_failure_ratio: Option<u32>,
    /// Rollback order (start-first, stop-first).
    #[arg(long, value_name = "ORDER")]
    rollback_order: Option<UpdateOrder>,
}

/// What either says.
struct Said {
    parallelism: Option<u64>,
    delay: Option<Duration>,
    monitor: Option<Duration>,
    failure_action: Option<FailureAction>,
    max_failure_ppm: Option<u32>,
    order: Option<UpdateOrder>,
}

impl Rollout {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let said = Said {
            parallelism: self.update_parallelism,
            delay: self.update_delay,
            monitor: self.update_monitor,
            failure_action: self.update_failure_action,
            max_failure_ppm: self.update_max_failure_ratio,
            order: self.update_order,
        };
        said.put(&mut spec.update);
    }
}

impl Rollback {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) {
        let said = Said {
            parallelism: self.rollback_parallelism,
            delay: self.rollback_delay,
            monitor: self.rollback_monitor,
            failure_action: self.rollback_failure_action,
            max_failure_ppm: self.rollback_max_failure_ratio,
            order: self.rollback_order,
        };
        said.put(&mut spec.rollback);
    }
}

impl Said {
    fn put(&self, place: &mut Option<UpdateConfig>) {
        let mut config = place.unwrap_or_default();
        set(&mut config.parallelism, self.parallelism.as_ref());
        set(&mut config.delay, self.delay.as_ref());
        set(&mut config.monitor, self.monitor.as_ref());
        set(&mut config.failure_action, self.failure_action.as_ref());
        set(&mut config.max_failure_ppm, self.max_failure_ppm.as_ref());
        set(&mut config.order, self.order.as_ref());
        // A service for which nothing is said stays without.
        if place.is_some() || config != UpdateConfig::default() {
            *place = Some(config);
        }
    }
}

fn rollback_action(word: &str) -> Result<FailureAction, String> {
    match word.parse() {
        Ok(FailureAction::Rollback) => Err("a rollback is not rolled back: use pause or continue".into()),
        Ok(action) => Ok(action),
        Err(_) => Err(format!("'{word}' is not one of pause, continue")),
    }
}

/// A share in millionths.
fn ratio(text: &str) -> Result<u32, String> {
    let wrong = || format!("'{text}' is not a share from 0 to 1");
    let share: f64 = text.parse().map_err(|_| wrong())?;
    if (0.0..=1.0).contains(&share) { Ok((share * 1_000_000.0).round() as u32) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_actions() {
        assert_eq!(ratio("0.25"), Ok(250_000));
        for bad in ["1.1", "-0.1", "x", "NaN"] {
            assert!(ratio(bad).is_err(), "{bad}");
        }
        assert!(rollback_action("rollback").is_err());
        assert_eq!(rollback_action("continue"), Ok(FailureAction::Continue));
    }
}
