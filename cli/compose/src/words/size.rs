/// Bytes as Docker writes them: `64m`, `1.5gb`, `512k`, `4096`; units are powers of 1024.
///
/// # Errors
/// What is wrong with it.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("'{text}' is not a size like 64m, 1g or 512k");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale: u128 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        _ => return Err(wrong()),
    };
    let bytes = decimal(number, scale).ok_or_else(wrong)?;
    // Sizes are signed in Docker's API.
    i64::try_from(bytes)
        .ok()
        .and_then(|bytes| u64::try_from(bytes).ok())
        .ok_or_else(|| format!("'{text}' is too large"))
}

/// CPUs as a decimal number, in billionths.
///
/// # Errors
/// What is wrong with it.
pub fn parse_cpus(text: &str) -> Result<u64, String> {
    let nanos = decimal(text, 1_000_000_000)
        .ok_or_else(|| format!("'{text}' is not a number of CPUs like 0.5 or 2"))?;
    i64::try_from(nanos)
        .ok()
        .and_then(|nanos| u64::try_from(nanos).ok())
        .ok_or_else(|| format!("'{text}' is too many CPUs"))
}

/// A decimal number times a scale, exact, with what is below one cut off.
pub(crate) fn decimal(number: &str, scale: u128) -> Option<u128> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !digits(whole) || !digits(part) || part.len() > 18 {
        return None;
    }
    let value = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<u128>().ok() };
    let denominator = 10_u128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let fraction = value(part)?.checked_mul(scale)? / denominator;
    value(whole)?.checked_mul(scale)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_cpus() {
        for (text, bytes) in [
            ("64m", 64 << 20),
            ("1.5gb", 3 << 29),
            ("512k", 512 << 10),
            ("4096", 4096),
            ("1b", 1),
            ("2G", 2 << 30),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for bad in ["", "m", "1x", "-1", "1.2.3k", "99999999999999999999t"] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_cpus("0.5"), Ok(500_000_000));
        assert_eq!(parse_cpus("2"), Ok(2_000_000_000));
        assert!(parse_cpus("half").is_err());
    }
}
