//! Moments as the API writes them.

use skep_model::Timestamp;

/// A moment as RFC 3339 with nine digits of a second, in UTC; Docker's zero time for "never".
pub fn rfc3339(moment: Timestamp) -> String {
    if moment == Timestamp::NEVER {
        return "0001-01-01T00:00:00Z".to_owned();
    }
    let nanos = i128::from(moment.as_nanos());
    let instant = jiff::Timestamp::from_nanosecond(nanos).unwrap_or(jiff::Timestamp::MAX);
    format!("{instant:.9}")
}

/// The moment that a text names; never for Docker's zero time and for what cannot be read.
pub fn from_rfc3339(text: &str) -> Timestamp {
    let instant = text.parse::<jiff::Timestamp>().ok();
    let nanos = instant.and_then(|instant| u64::try_from(instant.as_nanosecond()).ok());
    nanos.map_or(Timestamp::NEVER, Timestamp::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_back() {
        let moment = Timestamp::from_nanos(1_700_000_000_123_456_789);
        assert_eq!(rfc3339(moment), "2023-11-14T22:13:20.123456789Z");
        assert_eq!(from_rfc3339(&rfc3339(moment)), moment);
        assert_eq!(from_rfc3339(&rfc3339(Timestamp::NEVER)), Timestamp::NEVER);
    }
}
