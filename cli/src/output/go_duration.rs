//! Durations as Go writes them, which is how Docker's flags are written.

use std::time::Duration;

/// Nanoseconds as `1h30m0s`, `1.5s` or `250ms`.
pub(crate) fn go_duration(nanos: u64) -> String {
    let whole = Duration::from_nanos(nanos);
    if nanos == 0 {
        return "0s".to_owned();
    }
    if whole < Duration::from_secs(1) {
        let (unit, name) = match nanos {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{}{name}", decimal(nanos, unit));
    }
    let (hours, minutes) = (whole.as_secs() / 3600, whole.as_secs() / 60 % 60);
    let seconds = decimal(nanos - (hours * 3600 + minutes * 60) * 1_000_000_000, 1_000_000_000);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// A number of units with as many digits behind the point as are needed.
fn decimal(number: u64, unit: u64) -> String {
    let digits = unit.ilog10() as usize;
    let fraction = format!("{:0digits$}", number % unit);
    match fraction.trim_end_matches('0') {
        "" => (number / unit).to_string(),
        fraction => format!("{}.{fraction}", number / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_back() {
        for text in ["0s", "1ns", "1.5µs", "250ms", "10s", "1.5s", "1m0s", "1m30s", "1h0m0s", "2h3m4.005s"] {
            let nanos = skep_compose::parse_duration(text).unwrap().as_nanos() as u64;
            assert_eq!(go_duration(nanos), text);
        }
    }
}
