use crate::samples::Samples;

/// What came of a measure.
#[derive(Debug)]
pub struct Row {
    /// Whose.
    pub(crate) side: &'static str,
    /// What was measured.
    pub(crate) title: &'static str,
    /// In seconds, one for each time.
    pub(crate) samples: Samples,
    /// This part of them...
    pub(crate) quantile: f64,
    /// ... is to be below so many seconds, on our side.
    pub(crate) seconds_max: f64,
    /// What must not be: lost writes, lost tasks.
    pub(crate) faults: Vec<String>,
    /// What else is to be known.
    pub(crate) note: String,
}

impl Row {
    /// Whether nothing was lost, and the bound holds. Docker is shown, not judged.
    pub fn holds(&self) -> bool {
        self.side != "Skep" || (self.faults.is_empty() && self.in_time())
    }

    /// Whether the bound holds.
    pub(crate) fn in_time(&self) -> bool {
        self.samples.quantile(self.quantile) < self.seconds_max
    }
}
