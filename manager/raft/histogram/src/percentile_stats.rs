/// A distribution in a few numbers; each is the smallest value of the bucket that the percentile falls into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PercentileStats {
    /// How many values there are.
    pub samples: u64,
    /// A thousandth is below.
    pub p0_1: u64,
    /// 1 % is below.
    pub p1: u64,
    /// 5 % are below.
    pub p5: u64,
    /// 10 % are below.
    pub p10: u64,
    /// Half is below.
    pub p50: u64,
    /// 90 % are below.
    pub p90: u64,
    /// 99 % are below.
    pub p99: u64,
    /// All but a thousandth are below.
    pub p99_9: u64,
}

impl std::fmt::Display for PercentileStats {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { samples, p50, p90, p99, p99_9, .. } = self;
        write!(out, "[samples: {samples}, p50: {p50}, p90: {p90}, p99: {p99}, p99.9: {p99_9}]")
    }
}
