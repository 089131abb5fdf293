use skep_model::{FailureAction, UpdateConfig};

use super::keys::refuse_unknown;
use crate::reader::{Field, Findings};
use crate::words::parse_duration;

const HONOURED: &[&str] =
    &["parallelism", "delay", "failure_action", "monitor", "max_failure_ratio", "order"];

/// `deploy.update_config`.
pub(super) fn update(field: &Field<'_>, out: &mut Findings) -> UpdateConfig {
    rollout(field, out)
}

/// `deploy.rollback_config`.
pub(super) fn rollback(field: &Field<'_>, out: &mut Findings) -> UpdateConfig {
    let config = rollout(field, out);
    if config.failure_action == FailureAction::Rollback {
        field.refuse(out, "failure_action: a rollback is not rolled back: use pause or continue");
    }
    config
}

fn rollout(field: &Field<'_>, out: &mut Findings) -> UpdateConfig {
    let mut config = UpdateConfig::default();
    for entry in field.entries(out) {
        match entry.key {
            "parallelism" => config.parallelism = entry.number(out).unwrap_or_default(),
            "delay" => config.delay = entry.parsed(out, parse_duration).unwrap_or_default(),
            "monitor" => config.monitor = entry.parsed(out, parse_duration).unwrap_or_default(),
            "failure_action" => {
                let found = entry.parsed(out, |word| word.parse().map_err(|error| format!("{error}")));
                config.failure_action = found.unwrap_or_default();
            }
            "order" => {
                let found = entry.parsed(out, |word| word.parse().map_err(|error| format!("{error}")));
                config.order = found.unwrap_or_default();
            }
            "max_failure_ratio" => config.max_failure_ppm = entry.parsed(out, ratio).unwrap_or_default(),
            _ => refuse_unknown(&entry, HONOURED, out),
        }
    }
    config
}

/// A share in millionths.
fn ratio(text: &str) -> Result<u32, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    let share = share.ok_or_else(|| format!("'{text}' is not a share from 0 to 1"))?;
    Ok((share * 1_000_000.0).round() as u32)
}
