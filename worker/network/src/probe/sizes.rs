//! Which sizes to try next, when the biggest packet does not arrive.

/// How many sizes are tried at a time.
const AT_A_TIME: u32 = 16;

/// What is known of the biggest packet that arrives, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// This size arrives.
    pub(super) passes: u32,
    /// This one does not.
    pub(super) fails: u32,
}

impl Sizes {
    /// Evenly between the two; none when there is nothing left to find out.
    pub(super) fn next(self) -> Vec<u32> {
        let between = self.fails.saturating_sub(self.passes).saturating_sub(1);
        let count = between.min(AT_A_TIME);
        (1..=count).map(|step| self.passes + (between + 1) * step / (count + 1)).collect()
    }

    /// After these sizes were tried, and of them those arrived.
    pub(super) fn narrowed(self, tried: &[u32], arrived: &[u32]) -> Self {
        let passes = arrived.iter().copied().fold(self.passes, u32::max);
        let fails = tried.iter().copied().filter(|size| *size > passes).fold(self.fails, u32::min);
        Self { passes, fails }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_found_in_three_rounds() {
        for biggest in 128..1450 {
            let mut sizes = Sizes { passes: 128, fails: 1450 };
            let mut rounds = 0;
            loop {
                let tried = sizes.next();
                if tried.is_empty() {
                    break;
                }
                let arrived: Vec<_> = tried.iter().copied().filter(|size| *size <= biggest).collect();
                sizes = sizes.narrowed(&tried, &arrived);
                rounds += 1;
            }
            assert_eq!((sizes.passes, rounds <= 3), (biggest, true), "{rounds} rounds");
        }
    }

    #[test]
    fn neighbours_leave_nothing_to_try() {
        assert!(Sizes { passes: 128, fails: 129 }.next().is_empty());
        assert_eq!(Sizes { passes: 128, fails: 131 }.next(), [129, 130]);
    }
}
