//! A node's clock, which may be wrong.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use skep_model::Timestamp;
use skep_runtime::Clock;
use tokio::time::Instant;

/// Where all clocks start, in seconds since the epoch.
const START: u64 = 1_800_000_000;

/// A wall clock that runs too fast or too slow, and can be set.
#[derive(Clone, Debug)]
pub(crate) struct SkewedClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// What it showed at `since`.
    shown: Duration,
    since: Instant,
    /// Millionths by which it runs too fast.
    fast: i64,
}

impl SkewedClock {
    /// A clock that is right.
    #[expect(clippy::disallowed_methods, reason = "the simulated clock")]
    pub(crate) fn new() -> Self {
        let state = State { shown: Duration::from_secs(START), since: Instant::now(), fast: 0 };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Sets it forward or back by so many milliseconds, and lets it run so many millionths too fast from now on.
    #[expect(clippy::disallowed_methods, reason = "the simulated clock")]
    pub(crate) fn skew(&self, by_millis: i64, fast: i64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let jump = Duration::from_millis(by_millis.unsigned_abs());
        let shown = state.shows();
        state.shown = if by_millis < 0 { shown.saturating_sub(jump) } else { shown + jump };
        state.since = Instant::now();
        state.fast = fast;
    }
}

impl State {
    fn shows(&self) -> Duration {
        let passed = self.since.elapsed();
        let wrong = i128::try_from(passed.as_nanos()).unwrap_or_default() * i128::from(self.fast) / 1_000_000;
        let wrong_by = Duration::from_nanos(u64::try_from(wrong.unsigned_abs()).unwrap_or_default());
        let shown = self.shown + passed;
        if wrong < 0 { shown.saturating_sub(wrong_by) } else { shown + wrong_by }
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        let shows = self.state.lock().unwrap_or_else(PoisonError::into_inner).shows();
        Timestamp::from_nanos(u64::try_from(shows.as_nanos()).unwrap_or(u64::MAX))
    }
}
