use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_model as model;

use super::{filled, nanos};
use crate::error::Unsupported;

/// How it is found out whether a container works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HealthConfig {
    /// Empty for the image's, `["NONE"]`, `["CMD", WORD...]` or `["CMD-SHELL", LINE]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Vec<String>>,
    /// Nanoseconds; 0 for the image's or the default, as the next.
    #[serde(skip_serializing_if = "is_zero")]
    pub interval: u64,
    /// Nanoseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub timeout: u64,
    /// Nanoseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_period: u64,
    /// Nanoseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_interval: u64,
    /// Failures in a row.
    pub retries: u32,
}

fn is_zero(nanos: &u64) -> bool {
    *nanos == 0
}

impl From<&model::HealthCheck> for HealthConfig {
    fn from(check: &model::HealthCheck) -> Self {
        let words = |first: &str, rest: &[String]| {
            std::iter::once(first.to_owned()).chain(rest.iter().cloned()).collect::<Vec<_>>()
        };
        let test = match &check.test {
            model::HealthTest::Inherit => Vec::new(),
            model::HealthTest::Disabled => words("NONE", &[]),
            model::HealthTest::Command(command) => words("CMD", command),
            model::HealthTest::Shell(line) => words("CMD-SHELL", std::slice::from_ref(line)),
        };
        Self {
            test: filled(test),
            interval: nanos(check.interval),
            timeout: nanos(check.timeout),
            start_period: nanos(check.start_period),
            start_interval: nanos(check.start_interval),
            retries: check.retries,
        }
    }
}

impl TryFrom<HealthConfig> for model::HealthCheck {
    type Error = Unsupported;

    fn try_from(config: HealthConfig) -> Result<Self, Unsupported> {
        let mut words = config.test.unwrap_or_default().into_iter();
        let test = match (words.next().as_deref(), words.len()) {
            (None, _) => model::HealthTest::Inherit,
            (Some("NONE"), 0) => model::HealthTest::Disabled,
            (Some("CMD"), _) => model::HealthTest::Command(words.collect()),
            (Some("CMD-SHELL"), 1) => model::HealthTest::Shell(words.next().unwrap_or_default()),
            (Some(first), _) => {
                let reason =
                    format!("a test that starts with '{first}' is none of NONE, CMD WORD..., CMD-SHELL LINE");
                return Err(Unsupported::value("ContainerSpec.Healthcheck.Test", reason));
            }
        };
        Ok(Self {
            test,
            interval: Duration::from_nanos(config.interval),
            timeout: Duration::from_nanos(config.timeout),
            retries: config.retries,
            start_period: Duration::from_nanos(config.start_period),
            start_interval: Duration::from_nanos(config.start_interval),
        })
    }
}
