use std::time::Duration;

use crate::{HealthCheck, HealthTest, Hook, Invalid, limits};

/// Checks a health check.
pub(super) fn validate_health(check: &HealthCheck) -> Result<(), Invalid> {
    let times = [
        ("interval", check.interval),
        ("timeout", check.timeout),
        ("start_period", check.start_period),
        ("start_interval", check.start_interval),
    ];
    for (path, time) in times {
        if time != Duration::ZERO && time < limits::HEALTH_DURATION_MIN {
            return Err(Invalid::new(path, format!("{time:?} is less than 1ms")));
        }
    }
    let empty = match &check.test {
        HealthTest::Command(words) => words.first().is_none_or(String::is_empty),
        HealthTest::Shell(line) => line.is_empty(),
        HealthTest::Inherit | HealthTest::Disabled => false,
    };
    if empty {
        return Err(Invalid::new("test", "no command to run"));
    }
    Ok(())
}

/// Checks what is run in a container after its start, or before its stop.
pub(super) fn validate_hooks(path: &str, hooks: &[Hook]) -> Result<(), Invalid> {
    match hooks.iter().position(|hook| hook.command.first().is_none_or(String::is_empty)) {
        Some(index) => Err(Invalid::new(format!("{path}[{index}].command"), "no command to run")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_runs_something_and_not_without_a_pause() {
        let check = |test| HealthCheck { test, ..HealthCheck::default() };
        for good in [HealthTest::Inherit, HealthTest::Disabled, HealthTest::Shell("true".into())] {
            assert_eq!(validate_health(&check(good)), Ok(()));
        }
        for bad in [HealthTest::Command(Vec::new()), HealthTest::Shell(String::new())] {
            assert_eq!(validate_health(&check(bad)).unwrap_err().path, "test");
        }
        let short = HealthCheck { interval: Duration::from_micros(1), ..HealthCheck::default() };
        assert_eq!(validate_health(&short).unwrap_err().path, "interval");
        let hook = Hook { command: vec!["true".into()], ..Hook::default() };
        assert_eq!(validate_hooks("pre_stop", &[hook.clone(), hook.clone()]), Ok(()));
        let told = validate_hooks("pre_stop", &[hook, Hook::default()]).unwrap_err();
        assert_eq!(told.path, "pre_stop[1].command");
    }
}
