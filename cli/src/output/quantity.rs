/// Bytes in powers of 1000 with three digits, as Docker shows images: `1.24MB`.
pub(crate) fn decimal_size(bytes: u64) -> String {
    scaled(bytes, 1000.0, &["B", "kB", "MB", "GB", "TB", "PB", "EB"], 3)
}

/// Bytes in powers of 1024 with four digits, as Docker shows memory: `7.629GiB`.
pub(crate) fn binary_size(bytes: u64) -> String {
    scaled(bytes, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], 4)
}

#[expect(clippy::cast_precision_loss, reason = "three or four digits are shown")]
fn scaled(bytes: u64, base: f64, units: &[&'static str], digits: usize) -> String {
    let mut amount = bytes as f64;
    let mut unit = "";
    for (index, name) in units.iter().enumerate() {
        unit = name;
        if amount < base || index + 1 == units.len() {
            break;
        }
        amount /= base;
    }
    let whole = format!("{amount:.0}").len();
    let text = format!("{amount:.places$}", places = digits.saturating_sub(whole));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_dockers() {
        for (bytes, wanted) in [
            (0, "0B"),
            (999, "999B"),
            (1000, "1kB"),
            (1_240_000, "1.24MB"),
            (133_000_000, "133MB"),
            (20_500_000_000, "20.5GB"),
        ] {
            assert_eq!(decimal_size(bytes), wanted);
        }
        for (bytes, wanted) in [(1024, "1KiB"), (8_191_475_712, "7.629GiB"), (1 << 30, "1GiB")] {
            assert_eq!(binary_size(bytes), wanted);
        }
    }
}
