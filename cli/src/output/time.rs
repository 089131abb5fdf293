use std::time::{Duration, SystemTime, UNIX_EPOCH};

use skep_rest::human_duration;

/// How long ago a moment in RFC 3339 is; zero when it is not one or lies ahead.
fn age_of(moment: &str) -> Duration {
    let then = UNIX_EPOCH + Duration::from_nanos(skep_rest::from_rfc3339(moment).as_nanos());
    SystemTime::now().duration_since(then).unwrap_or_default()
}

/// How long ago a moment in RFC 3339 is, for people: `5 minutes ago`.
pub(crate) fn ago(moment: &str) -> String {
    format!("{} ago", human_duration(age_of(moment)))
}

/// The same for seconds since the epoch.
pub(crate) fn ago_seconds(moment: i64) -> String {
    let then = UNIX_EPOCH + Duration::from_secs(u64::try_from(moment).unwrap_or_default());
    format!("{} ago", human_duration(SystemTime::now().duration_since(then).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_dockers() {
        for (seconds, wanted) in [
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "About a minute"),
            (119, "About a minute"),
            (300, "5 minutes"),
            (3599, "59 minutes"),
            (3600, "About an hour"),
            (5400, "2 hours"),
            (47 * 3600, "47 hours"),
            (48 * 3600, "2 days"),
            (14 * 86400, "2 weeks"),
            (60 * 86400, "2 months"),
            (800 * 86400, "2 years"),
        ] {
            assert_eq!(human_duration(Duration::from_secs(seconds)), wanted, "{seconds}");
        }
    }

    #[test]
    fn moments_become_ages() {
        assert!(age_of("2020-01-01T00:00:00Z") > Duration::from_secs(86400));
        assert_eq!(age_of("2500-01-01T00:00:00Z"), Duration::ZERO);
        assert!(ago_seconds(0).ends_with("years ago"));
    }
}
