//! Wall-clock time.

use skep_model::Timestamp;

/// Tells the time of day.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> Timestamp {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_nanos(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// A clock that follows tokio's (paused) time from a fixed start.
#[cfg(feature = "testing")]
#[derive(Clone, Copy, Debug)]
pub struct SteeredClock {
    start: Timestamp,
    began: tokio::time::Instant,
}

#[cfg(feature = "testing")]
impl SteeredClock {
    /// A clock that shows `start` now. Call it inside a runtime.
    #[expect(clippy::disallowed_methods, reason = "tokio's clock is what the test steers")]
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, began: tokio::time::Instant::now() }
    }
}

#[cfg(feature = "testing")]
impl Clock for SteeredClock {
    fn now(&self) -> Timestamp {
        self.start.plus(self.began.elapsed())
    }
}
