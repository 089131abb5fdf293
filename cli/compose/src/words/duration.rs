use std::time::Duration;

/// A duration as Go writes it: `1h30m`, `10s`, `1.5s`, `250ms`.
///
/// # Errors
/// Says what a duration looks like, when the text is none or its nanoseconds do not fit 64 bits.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is not a duration like 10s, 1m30s or 250ms");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut nanos: u128 = 0;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let part = in_nanos(number, unit).ok_or_else(wrong)?;
        nanos = nanos.checked_add(part).ok_or_else(wrong)?;
        rest = after;
    }
    let nanos = u64::try_from(nanos).map_err(|_| format!("'{text}' is too long"))?;
    Ok(Duration::from_nanos(nanos))
}

fn in_nanos(number: &str, unit: &str) -> Option<u128> {
    let scale: u128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    super::size::decimal(number, scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_of_go() {
        for (text, millis) in
            [("10s", 10_000), ("1h30m", 5_400_000), ("1.5s", 1_500), ("250ms", 250), ("0", 0), (".5s", 500)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "10", "s", "1x", "1d", "-5s", "1..5s", "99999999999999999h", "10 s"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9.hmsnuµ]{0,30}|.{0,10}") {
            let _ = parse_duration(&text);
        }

        #[test]
        fn whole_units_add_up(hours in 0_u64..1000, minutes in 0_u64..60, seconds in 0_u64..60) {
            let wanted = Duration::from_secs(hours * 3600 + minutes * 60 + seconds);
            prop_assert_eq!(parse_duration(&format!("{hours}h{minutes}m{seconds}s")), Ok(wanted));
        }
    }
}
