//! Wall-clock time as the store keeps it.

use std::time::Duration;

/// Nanoseconds since 1970-01-01T00:00:00Z. Zero stands for "never".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment that stands for "never".
    pub const NEVER: Self = Self(0);

    /// The moment this many nanoseconds after the epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The moment this much later; the last representable one when there is none.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}
