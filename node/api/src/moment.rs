//! Moments in queries: seconds since the epoch, a duration before now, or RFC 3339.

use skep_model::Timestamp;

use crate::refusal::Refusal;

const SECOND_NS: u64 = 1_000_000_000;

/// The moment that a parameter names: `1700000000[.123456789]`, `10m` or `1h30m` ago, or `2023-11-14T22:13:20Z`.
pub(crate) fn parse_moment(key: &str, text: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
    let moment =
        seconds(text).map(Timestamp::from_nanos).or_else(|| before(text, now)).or_else(|| written(text));
    moment.ok_or_else(|| {
        Refusal::malformed(format!(
            "invalid value '{text}' for {key}: use seconds since the epoch, a duration such as 10m, or a time such as \
             2023-11-14T22:13:20Z"
        ))
    })
}

fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let nanos: u64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(SECOND_NS)?.checked_add(nanos)
}

/// A duration as Go writes it.
fn before(text: &str, now: Timestamp) -> Option<Timestamp> {
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|sign: char| sign.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        total = total.checked_add(scaled(number, unit)?)?;
        rest = tail;
    }
    (!text.is_empty()).then(|| Timestamp::from_nanos(now.as_nanos().saturating_sub(total)))
}

fn scaled(number: &str, unit: &str) -> Option<u64> {
    let unit_ns: u64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND_NS,
        "m" => 60 * SECOND_NS,
        "h" => 3600 * SECOND_NS,
        _ => return None,
    };
    // Billionths of the number, times the unit.
    let billionths = u128::from(seconds(number)?);
    u64::try_from(billionths * u128::from(unit_ns) / u128::from(SECOND_NS)).ok()
}

fn written(text: &str) -> Option<Timestamp> {
    let moment = skep_rest::from_rfc3339(text);
    (moment != Timestamp::NEVER).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        let now = Timestamp::from_nanos(10_000 * SECOND_NS);
        let read = |text: &str| parse_moment("since", text, now).map(Timestamp::as_nanos);
        assert_eq!(read("17").unwrap(), 17 * SECOND_NS);
        assert_eq!(read("17.25").unwrap(), 17 * SECOND_NS + 250_000_000);
        assert_eq!(read("1700000000.000000001").unwrap(), 1_700_000_000_000_000_001);
        assert_eq!(read("10m").unwrap(), 9_400 * SECOND_NS);
        assert_eq!(read("1h1.5s").unwrap(), (10_000 - 3_601) * SECOND_NS - SECOND_NS / 2);
        assert_eq!(read("1970-01-01T00:00:05Z").unwrap(), 5 * SECOND_NS);
        for wrong in ["yesterday", "", "-5", "5x", "99999999999999999999", "."] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
