use std::time::Duration;

use clap::Args;
use skep_model::{HealthCheck, HealthTest, ServiceSpec};

use super::process::set;
use crate::commands::duration;
use crate::failure::Failure;

/// How it is found out whether containers work.
#[derive(Debug, Args)]
pub(crate) struct Health {
    /// Command to run to check health: a line for the shell, or without one a list like '["/bin/check", "-q"]'.
    #[arg(long, value_name = "COMMAND")]
    health_cmd: Option<String>,
    /// Time between running the check.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_interval: Option<Duration>,
    /// Maximum time to allow one check to run.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_timeout: Option<Duration>,
    /// Consecutive failures needed to report unhealthy.
    #[arg(long, value_name = "COUNT")]
    health_retries: Option<u32>,
    /// Start period for the container to initialize before counting retries towards unstable.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_start_period: Option<Duration>,
    /// Time between running the check during the start period.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_start_interval: Option<Duration>,
    /// Disable any container-specified HEALTHCHECK.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    no_healthcheck: Option<bool>,
}

impl Health {
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) -> Result<(), Failure> {
        let said = self.health_cmd.is_some()
            || self.health_retries.is_some()
            || [
                self.health_interval,
                self.health_timeout,
                self.health_start_period,
                self.health_start_interval,
            ]
            .iter()
            .any(Option::is_some);
        let health = &mut spec.task.container.health;
        match (self.no_healthcheck, said) {
            (Some(true), true) => {
                let text = "--no-healthcheck conflicts with the --health-* options: leave either out";
                return Err(Failure::Asked(text.into()));
            }
            (Some(true), false) => {
                *health = Some(HealthCheck { test: HealthTest::Disabled, ..HealthCheck::default() });
                return Ok(());
            }
            (Some(false), _) if health.as_ref().is_some_and(|own| own.test == HealthTest::Disabled) => {
                *health = None;
            }
            _ => {}
        }
        if said {
            self.put(health.get_or_insert_default());
        }
        Ok(())
    }

    fn put(&self, health: &mut HealthCheck) {
        if health.test == HealthTest::Disabled {
            health.test = HealthTest::Inherit;
        }
        if let Some(line) = &self.health_cmd {
            health.test = test(line);
        }
        set(&mut health.interval, self.health_interval.as_ref());
        set(&mut health.timeout, self.health_timeout.as_ref());
        set(&mut health.retries, self.health_retries.as_ref());
        set(&mut health.start_period, self.health_start_period.as_ref());
        set(&mut health.start_interval, self.health_start_interval.as_ref());
    }
}

fn test(line: &str) -> HealthTest {
    match serde_json::from_str::<Vec<String>>(line) {
        Ok(words) if !words.is_empty() => HealthTest::Command(words),
        _ if line.is_empty() => HealthTest::Inherit,
        _ => HealthTest::Shell(line.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_run_without_a_shell() {
        assert_eq!(test(r#"["/check", "-q"]"#), HealthTest::Command(vec!["/check".into(), "-q".into()]));
        assert_eq!(test("[ -f /x ]"), HealthTest::Shell("[ -f /x ]".into()));
        assert_eq!(test(""), HealthTest::Inherit);
    }
}
