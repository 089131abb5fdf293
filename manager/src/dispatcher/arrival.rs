use skep_model::{NodeDescription, Timestamp, limits};

/// What a node shows when it opens a session.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// The address that it calls from.
    pub address: String,
    /// What it says of itself.
    pub description: NodeDescription,
    /// What its clock shows.
    pub clock: Timestamp,
}

impl Arrival {
    /// How far the node's clock is ahead of this manager's, in milliseconds, negative when it is behind; 0 when it is as good as
    /// right: the way of the call is in it.
    pub(crate) fn clock_ahead_ms(&self, now: Timestamp) -> i64 {
        let (ahead, behind) = (self.clock.since(now), now.since(self.clock));
        if ahead.max(behind) < limits::CLOCK_SKEW_SHOWN {
            return 0;
        }
        let ms = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        ms(ahead) - ms(behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_by_more_than_a_second_counts() {
        let now = Timestamp::from_nanos(100_000_000_000);
        for (clock_ms, wanted) in
            [(100_000, 0), (100_999, 0), (99_001, 0), (101_000, 1000), (40_000, -60_000)]
        {
            let arrival =
                Arrival { clock: Timestamp::from_nanos(clock_ms * 1_000_000), ..Arrival::default() };
            assert_eq!(arrival.clock_ahead_ms(now), wanted);
        }
    }
}
