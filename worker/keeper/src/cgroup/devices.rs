//! Which devices a container may use.

use crate::config::{DeviceKind, DeviceRule};

/// Docker's list: make any node; use null, zero, full, random, urandom, tty, console, ptmx and terminals.
pub(super) fn default_rules() -> Vec<DeviceRule> {
    let rule = |kind, major, minor, access: &str| DeviceRule { kind, major, minor, access: access.into() };
    let mut rules = vec![
        rule(DeviceKind::Char, None, None, "m"),
        rule(DeviceKind::Block, None, None, "m"),
        rule(DeviceKind::Char, Some(136), None, "rwm"),
    ];
    let nodes = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2)];
    rules.extend(nodes.map(|(major, minor)| rule(DeviceKind::Char, Some(major), Some(minor), "rwm")));
    rules
}

/// A rule as the version 1 file `devices.allow` takes it.
pub(super) fn v1_line(rule: &DeviceRule) -> String {
    let number = |n: Option<u32>| n.map_or_else(|| "*".into(), |n| n.to_string());
    match rule.kind {
        DeviceKind::All => "a *:* rwm".into(),
        DeviceKind::Char => format!("c {}:{} {}", number(rule.major), number(rule.minor), rule.access),
        DeviceKind::Block => format!("b {}:{} {}", number(rule.major), number(rule.minor), rule.access),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let lines: Vec<String> = default_rules().iter().map(v1_line).collect();
        assert_eq!(lines[..4], ["c *:* m", "b *:* m", "c 136:* rwm", "c 1:3 rwm"]);
        let all = DeviceRule { kind: DeviceKind::All, major: None, minor: None, access: "rwm".into() };
        assert_eq!(v1_line(&all), "a *:* rwm");
    }
}
