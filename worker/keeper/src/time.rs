//! Wall-clock time as nanoseconds since 1970 and as RFC 3339 text, without a calendar crate.

use std::time::{SystemTime, UNIX_EPOCH};

const NANOS: u64 = 1_000_000_000;

/// Now, in nanoseconds since 1970-01-01T00:00:00Z.
pub(crate) fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs().saturating_mul(NANOS).saturating_add(u64::from(since.subsec_nanos()))
}

/// Appends `ns` as `2006-01-02T15:04:05.000000000Z` (always nine digits, always UTC).
pub(crate) fn write_rfc3339(ns: u64, out: &mut Vec<u8>) {
    let (secs, nanos) = (ns / NANOS, ns % NANOS);
    let (year, month, day) = civil(secs / 86_400);
    let rest = secs % 86_400;
    for (value, width, end) in [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (rest / 3600, 2, b':'),
        (rest / 60 % 60, 2, b':'),
        (rest % 60, 2, b'.'),
        (nanos, 9, b'Z'),
    ] {
        digits(value, width, out);
        out.push(end);
    }
}

/// Reads RFC 3339 text (fraction of 0 to 9 digits, `Z` or an offset) as nanoseconds since 1970.
pub(crate) fn parse_rfc3339(text: &[u8]) -> Option<u64> {
    let field = |range: std::ops::Range<usize>| number(text.get(range)?);
    let mark = |at: usize, c: u8| (text.get(at) == Some(&c)).then_some(());
    mark(4, b'-')?;
    mark(7, b'-')?;
    mark(13, b':')?;
    mark(16, b':')?;
    let days = days_from_civil(field(0..4)?, field(5..7)?, field(8..10)?)?;
    let secs = days * 86_400 + field(11..13)? * 3600 + field(14..16)? * 60 + field(17..19)?;
    let mut rest = text.get(19..)?;
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let len = fraction.iter().take_while(|c| c.is_ascii_digit()).count();
        if len == 0 || len > 9 {
            return None;
        }
        nanos = number(&fraction[..len])? * 10_u64.pow(9 - u32::try_from(len).ok()?);
        rest = &fraction[len..];
    }
    let base = secs.checked_mul(NANOS)?.checked_add(nanos)?;
    match rest {
        b"Z" | b"z" => Some(base),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let offset = (number(&[*h1, *h2])? * 60 + number(&[*m1, *m2])?) * 60 * NANOS;
            if *sign == b'+' { base.checked_sub(offset) } else { base.checked_add(offset) }
        }
        _ => None,
    }
}

fn digits(value: u64, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + width, b'0');
    let mut left = value;
    for slot in out[start..].iter_mut().rev() {
        *slot = b'0' + u8::try_from(left % 10).unwrap_or_default();
        left /= 10;
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok().filter(|t| t.bytes().all(|c| c.is_ascii_digit()))?.parse().ok()
}

/// Days since 1970 to (year, month, day), counting in 400-year cycles that begin on a first of March.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = year - u64::from(month <= 2);
    let (era, of_era) = (year / 400, year % 400);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * march_month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ns: u64) -> String {
        let mut out = Vec::new();
        write_rfc3339(ns, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_dates_round_trip() {
        for (ns, rfc) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (951_827_696_000_000_007, "2000-02-29T12:34:56.000000007Z"),
            (1_709_251_199_999_999_999, "2024-02-29T23:59:59.999999999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
        ] {
            assert_eq!(text(ns), rfc);
            assert_eq!(parse_rfc3339(rfc.as_bytes()), Some(ns));
        }
    }

    #[test]
    fn reads_offsets_and_short_fractions_and_refuses_garbage() {
        assert_eq!(parse_rfc3339(b"1970-01-01T01:00:00.5+01:00"), Some(500_000_000));
        assert_eq!(parse_rfc3339(b"1970-01-01T00:00:01Z"), Some(NANOS));
        for bad in ["", "1970", "1970-13-01T00:00:00Z", "1970-01-01T00:00:00", "1970-01-01T00:00:00.Z"] {
            assert_eq!(parse_rfc3339(bad.as_bytes()), None, "{bad}");
        }
    }
}
