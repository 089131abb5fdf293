use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_image::Healthcheck;
use skep_keeper::config::ProcessConfig;
use skep_model::{HealthCheck, limits};

use super::state::HealthStatus;

/// A container's health check with everything filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthPlan {
    /// What is run.
    pub process: ProcessConfig,
    /// Between the end of one check and the start of the next.
    pub interval: Duration,
    /// A check that takes longer failed.
    pub timeout: Duration,
    /// Failures in a row that make the container unhealthy.
    pub retries: u32,
    /// From the container's start on, how long failures do not count.
    pub start_period: Duration,
    /// Between checks within the start period, until the first success.
    pub start_interval: Duration,
}

impl HealthPlan {
    /// What the spec leaves open is the image's, or else the default.
    pub(crate) fn new(process: ProcessConfig, own: &HealthCheck, image: &Healthcheck) -> Self {
        let time = |own: Duration, image_ns: u64, default| {
            let given = [own, Duration::from_nanos(image_ns)].into_iter().find(|time| !time.is_zero());
            given.unwrap_or(default)
        };
        let retries = [own.retries, image.retries].into_iter().find(|&retries| retries != 0);
        Self {
            process,
            interval: time(own.interval, image.interval, limits::HEALTH_INTERVAL_DEFAULT),
            timeout: time(own.timeout, image.timeout, limits::HEALTH_TIMEOUT_DEFAULT),
            retries: retries.unwrap_or(limits::HEALTH_RETRIES_DEFAULT),
            start_period: time(own.start_period, image.start_period, Duration::ZERO),
            start_interval: time(
                own.start_interval,
                image.start_interval,
                limits::HEALTH_START_INTERVAL_DEFAULT,
            ),
        }
    }

    /// How long to wait for the next check of a container that is `status` and has run for so long.
    pub(crate) fn pause(&self, status: HealthStatus, runs: Duration) -> Duration {
        if status == HealthStatus::Starting && runs < self.start_period {
            self.start_interval.min(self.interval)
        } else {
            self.interval
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_says_is_the_default() {
        let plan =
            HealthPlan::new(ProcessConfig::default(), &HealthCheck::default(), &Healthcheck::default());
        assert_eq!((plan.interval, plan.timeout), (Duration::from_secs(30), Duration::from_secs(30)));
        assert_eq!((plan.retries, plan.start_period), (3, Duration::ZERO));
        assert_eq!(plan.start_interval, Duration::from_secs(5));
    }

    #[test]
    fn checks_are_closer_together_until_the_start_is_over() {
        let plan = HealthPlan {
            interval: Duration::from_secs(30),
            start_interval: Duration::from_secs(2),
            start_period: Duration::from_secs(60),
            ..HealthPlan::default()
        };
        let pause = |status, runs| plan.pause(status, Duration::from_secs(runs)).as_secs();
        assert_eq!(pause(HealthStatus::Starting, 0), 2);
        assert_eq!(pause(HealthStatus::Starting, 60), 30);
        assert_eq!(pause(HealthStatus::Healthy, 1), 30);
    }
}
