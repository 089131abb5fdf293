use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_model as model;

use super::nanos;
use crate::error::Unsupported;

/// When a task is replaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RestartPolicy {
    /// `none`, `on-failure`, `any`; `any` when empty.
    pub condition: String,
    /// Nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<u64>,
    /// 0 for no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u64>,
    /// Nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u64>,
}

impl From<&model::RestartPolicy> for RestartPolicy {
    fn from(policy: &model::RestartPolicy) -> Self {
        Self {
            condition: policy.condition.to_string(),
            delay: Some(nanos(policy.delay)),
            max_attempts: Some(policy.attempts_max),
            window: Some(nanos(policy.window)),
        }
    }
}

impl TryFrom<RestartPolicy> for model::RestartPolicy {
    type Error = Unsupported;

    fn try_from(policy: RestartPolicy) -> Result<Self, Unsupported> {
        let default = Self::default();
        let condition = match policy.condition.as_str() {
            "" => default.condition,
            word => word.parse().map_err(|error| Unsupported::value("RestartPolicy.Condition", error))?,
        };
        Ok(Self {
            condition,
            delay: policy.delay.map_or(default.delay, Duration::from_nanos),
            attempts_max: policy.max_attempts.unwrap_or(default.attempts_max),
            window: policy.window.map_or(default.window, Duration::from_nanos),
        })
    }
}
