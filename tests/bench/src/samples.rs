use std::time::Duration;

/// What was measured, once a round, in the order of the rounds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Samples(Vec<f64>);

impl FromIterator<Duration> for Samples {
    /// In seconds.
    fn from_iter<T: IntoIterator<Item = Duration>>(times: T) -> Self {
        Self(times.into_iter().map(|time| time.as_secs_f64()).collect())
    }
}

impl Samples {
    /// One more.
    pub(crate) fn push(&mut self, sample: f64) {
        self.0.push(sample);
    }

    /// All, in the order of the rounds.
    pub(crate) fn all(&self) -> &[f64] {
        &self.0
    }

    /// The one in the middle, or the mean of the two there; not a number when there are none.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let half = sorted.len() / 2;
        if sorted.len() % 2 == 1 { at(half) } else { f64::midpoint(at(half.wrapping_sub(1)), at(half)) }
    }

    /// The sample that so large a part (0 to 1) of them does not exceed.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let sorted = self.sorted();
        let reached = |index: usize| (index + 1) as f64 >= part * sorted.len() as f64;
        (0..sorted.len()).find(|index| reached(*index)).map_or(f64::NAN, |index| sorted[index])
    }

    /// The smallest.
    pub(crate) fn min(&self) -> f64 {
        self.sorted().first().copied().unwrap_or(f64::NAN)
    }

    /// The largest.
    pub(crate) fn max(&self) -> f64 {
        self.sorted().last().copied().unwrap_or(f64::NAN)
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_found() {
        let of = |samples: &[f64]| Samples(samples.to_vec());
        assert_eq!(of(&[3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!((of(&[4.0, 1.0]).min(), of(&[4.0, 1.0]).max()), (1.0, 4.0));
        assert!(of(&[]).median().is_nan());
        let hundred = Samples((1..=100).map(f64::from).collect());
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|part| hundred.quantile(part)), [1.0, 50.0, 99.0, 100.0]);
        assert!(of(&[]).quantile(0.5).is_nan());
    }
}
