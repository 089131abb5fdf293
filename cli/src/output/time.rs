use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long ago a moment in RFC 3339 is; zero when it is not one or lies ahead.
pub(crate) fn age_of(moment: &str) -> Duration {
    let then = UNIX_EPOCH + Duration::from_nanos(skep_rest::from_rfc3339(moment).as_nanos());
    SystemTime::now().duration_since(then).unwrap_or_default()
}

/// How long ago a moment in RFC 3339 is, for people: `5 minutes ago`.
pub(crate) fn ago(moment: &str) -> String {
    format!("{} ago", rough(age_of(moment)))
}

/// The same for seconds since the epoch.
pub(crate) fn ago_seconds(moment: i64) -> String {
    let then = UNIX_EPOCH + Duration::from_secs(u64::try_from(moment).unwrap_or_default());
    format!("{} ago", rough(SystemTime::now().duration_since(then).unwrap_or_default()))
}

/// A duration as Docker tells it to people.
fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let minutes = seconds / 60;
    let hours = (seconds + 1800) / 3600;
    match (seconds, minutes, hours) {
        (0, ..) => "Less than a second".to_owned(),
        (1, ..) => "1 second".to_owned(),
        (2..60, ..) => format!("{seconds} seconds"),
        (_, 1, _) => "About a minute".to_owned(),
        (_, 2..60, _) => format!("{minutes} minutes"),
        (_, _, 1) => "About an hour".to_owned(),
        (_, _, 2..48) => format!("{hours} hours"),
        (_, _, 48..336) => format!("{} days", hours / 24),
        (_, _, 336..1440) => format!("{} weeks", hours / 24 / 7),
        (_, _, 1440..17520) => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", hours / 24 / 365),
    }
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
            assert_eq!(rough(Duration::from_secs(seconds)), wanted, "{seconds}");
        }
    }

    #[test]
    fn moments_become_ages() {
        assert!(age_of("2020-01-01T00:00:00Z") > Duration::from_secs(86400));
        assert_eq!(age_of("2999-01-01T00:00:00Z"), Duration::ZERO);
        assert!(ago_seconds(0).ends_with("years ago"));
    }
}
