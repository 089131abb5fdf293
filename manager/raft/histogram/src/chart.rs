use crate::Histogram;

/// Several distributions, a line each.
#[derive(Clone, Debug, Default)]
pub struct AsciiChart {
    rows: Vec<(String, Histogram)>,
}

impl AsciiChart {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more line.
    #[must_use]
    pub fn add(mut self, name: &str, histogram: Histogram) -> Self {
        self.rows.push((name.to_owned(), histogram));
        self
    }
}

impl std::fmt::Display for AsciiChart {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rows
            .iter()
            .try_for_each(|(name, histogram)| writeln!(out, "{name}: {}", histogram.percentile_stats()))
    }
}
