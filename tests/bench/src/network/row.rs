/// What came of a measure.
#[derive(Debug, Default)]
pub struct Row {
    /// What was measured.
    pub(crate) title: String,
    /// What was seen, for a person.
    pub(crate) lines: Vec<String>,
    /// What must not be: failures, missed bounds.
    pub(crate) faults: Vec<String>,
}

impl Row {
    /// Nothing seen yet.
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// One more line.
    pub(crate) fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// A line, and a fault when it does not hold.
    pub(crate) fn judge(&mut self, holds: bool, line: impl Into<String>) {
        let line = line.into();
        if !holds {
            self.faults.push(line.clone());
        }
        self.lines.push(format!("{line}: {}", if holds { "holds" } else { "is missed" }));
    }

    /// Whether nothing failed, and all bounds hold.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}
