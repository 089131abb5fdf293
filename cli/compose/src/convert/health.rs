use skep_model::{HealthCheck, HealthTest};

use super::keys::refuse_unknown;
use crate::reader::{Field, Findings};
use crate::words::parse_duration;

const HONOURED: &[&str] =
    &["test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"];

/// `healthcheck`.
pub(super) fn health(field: &Field<'_>, out: &mut Findings) -> HealthCheck {
    let mut check = HealthCheck::default();
    let mut disabled = false;
    for entry in field.entries(out) {
        let mut time = || entry.parsed(out, parse_duration).unwrap_or_default();
        match entry.key {
            "interval" => check.interval = time(),
            "timeout" => check.timeout = time(),
            "start_period" => check.start_period = time(),
            "start_interval" => check.start_interval = time(),
            "test" => check.test = test(&entry, out),
            "retries" => {
                let number = entry.number(out).unwrap_or_default();
                check.retries = u32::try_from(number).unwrap_or(u32::MAX);
            }
            "disable" => disabled = entry.switch(out).unwrap_or_default(),
            _ => refuse_unknown(&entry, HONOURED, out),
        }
    }
    if disabled {
        if check.test != HealthTest::Inherit {
            field.refuse(out, "has both 'test' and 'disable: true': remove either");
        }
        check.test = HealthTest::Disabled;
    }
    check
}

fn test(field: &Field<'_>, out: &mut Findings) -> HealthTest {
    if !field.is_list() {
        return field.text(out).map(HealthTest::Shell).unwrap_or_default();
    }
    let mut words = field.items(out).into_iter().filter_map(|item| item.word(out)).collect::<Vec<_>>();
    if words.is_empty() {
        return HealthTest::Inherit;
    }
    match (words.remove(0).as_str(), words.as_slice()) {
        ("NONE", []) => HealthTest::Disabled,
        ("CMD", [_, ..]) => HealthTest::Command(words),
        ("CMD-SHELL", [line]) => HealthTest::Shell(line.clone()),
        _ => {
            field.refuse(
                out,
                "as a list starts with CMD and words, with CMD-SHELL and one line, or is [NONE]",
            );
            HealthTest::Inherit
        }
    }
}
