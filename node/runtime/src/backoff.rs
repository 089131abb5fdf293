//! Waits that grow after each failure.

use std::time::Duration;

use crate::Random;

/// Doubles from a first wait up to a longest one; each wait is drawn between half and all of it, so that many nodes do
/// not come back at the same moment.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// Starts with `first`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// The wait after one more failure.
    pub fn next_wait(&mut self, random: &Random) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.longest);
        wait.mul_f64(0.5 + random.fraction() / 2.0)
    }

    /// Starts over after a success.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_start_over() {
        let random = Random::seeded(7);
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let waits: Vec<_> = (0..8).map(|_| backoff.next_wait(&random)).collect();
        assert!(waits[0] <= Duration::from_millis(100) && waits[0] >= Duration::from_millis(50));
        assert!(waits[7] <= Duration::from_secs(1) && waits[7] >= Duration::from_millis(500));
        backoff.reset();
        assert!(backoff.next_wait(&random) <= Duration::from_millis(100));
    }
}
