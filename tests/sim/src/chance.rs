//! One stream of random numbers.

use std::time::Duration;

use skep_runtime::Random;

/// A stream that follows from the seed and the stream's name, whatever other streams do.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    random: Random,
}

impl Chance {
    /// The stream of this number under a seed.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self { random: Random::seeded(mix(seed ^ mix(stream))) }
    }

    /// Any number.
    pub(crate) fn number(&self) -> u64 {
        self.random.number()
    }

    /// A number below `bound`; 0 when there is none.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.number() % bound.max(1)
    }

    /// One of a list.
    pub(crate) fn pick<'a, T>(&self, all: &'a [T]) -> Option<&'a T> {
        all.get(usize::try_from(self.below(all.len() as u64)).unwrap_or_default())
    }

    /// True with this chance in 100,000.
    pub(crate) fn hits(&self, in_100_000: u64) -> bool {
        self.below(100_000) < in_100_000
    }

    /// A time between two.
    pub(crate) fn between(&self, shortest: Duration, longest: Duration) -> Duration {
        let span = longest.saturating_sub(shortest).as_micros();
        shortest + Duration::from_micros(self.below(u64::try_from(span).unwrap_or(u64::MAX) + 1))
    }

    /// A time between two, in milliseconds.
    pub(crate) fn millis(&self, shortest: u64, longest: u64) -> Duration {
        self.between(Duration::from_millis(shortest), Duration::from_millis(longest))
    }
}

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014).
pub(crate) fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
