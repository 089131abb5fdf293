use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_model as model;
use skep_model::limits;

use super::nanos;
use crate::error::Unsupported;

/// Millionths in a whole.
const PPM: f64 = 1_000_000.0;

/// How running tasks are brought to a changed spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpdateConfig {
    /// Tasks at a time; 0 for all.
    pub parallelism: u64,
    /// Nanoseconds between them.
    #[serde(skip_serializing_if = "is_zero")]
    pub delay: u64,
    /// `pause` (also when empty), `continue` or `rollback`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub failure_action: String,
    /// Nanoseconds for which each task is watched; the default when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitor: Option<u64>,
    /// Failures that are borne, as a share of the tasks, 0 to 1.
    pub max_failure_ratio: f64,
    /// `stop-first` (also when empty) or `start-first`.
    pub order: String,
}

fn is_zero(nanos: &u64) -> bool {
    *nanos == 0
}

impl From<&model::UpdateConfig> for UpdateConfig {
    fn from(config: &model::UpdateConfig) -> Self {
        Self {
            parallelism: config.parallelism,
            delay: nanos(config.delay),
            failure_action: config.failure_action.to_string(),
            monitor: Some(nanos(config.monitor)),
            max_failure_ratio: f64::from(config.max_failure_ppm) / PPM,
            order: config.order.to_string(),
        }
    }
}

impl UpdateConfig {
    /// What it says; `field` is where it stands.
    pub(super) fn into_model(self, field: &str) -> Result<model::UpdateConfig, Unsupported> {
        let wrong = |name: &str, reason: String| Unsupported::value(&format!("{field}.{name}"), reason);
        let failure_action = match self.failure_action.as_str() {
            "" => model::FailureAction::default(),
            word => word.parse().map_err(|error| wrong("FailureAction", format!("{error}")))?,
        };
        let order = match self.order.as_str() {
            "" => model::UpdateOrder::default(),
            word => word.parse().map_err(|error| wrong("Order", format!("{error}")))?,
        };
        let ppm = (self.max_failure_ratio * PPM).round();
        if !(0.0..=f64::from(u32::MAX)).contains(&ppm) {
            let reason = format!("{} is no share from 0 to 1", self.max_failure_ratio);
            return Err(wrong("MaxFailureRatio", reason));
        }
        Ok(model::UpdateConfig {
            parallelism: self.parallelism,
            delay: Duration::from_nanos(self.delay),
            failure_action,
            monitor: self.monitor.map_or(limits::UPDATE_MONITOR_DEFAULT, Duration::from_nanos),
            max_failure_ppm: ppm as u32,
            order,
        })
    }
}
