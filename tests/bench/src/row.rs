use crate::pair::Measured;
use crate::samples::Samples;
use crate::unit::Unit;

/// What was measured, against what is wanted.
#[derive(Debug)]
pub struct Row {
    /// Its word for `--only`.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) title: &'static str,
    /// How its numbers are shown.
    pub(crate) unit: Unit,
    /// Both sides.
    pub(crate) measured: Measured,
    /// What Docker did on a quiet machine.
    pub(crate) recorded: f64,
    /// What is wanted.
    pub(crate) bound: Bound,
    /// How it was measured.
    pub(crate) method: &'static str,
}

/// What ours must not exceed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// This part of Docker's median: the divisor and the dividend of a fraction.
    Part(f64, f64),
    /// This much, in what the samples are kept in; memory only, never time.
    Size(f64),
}

impl Row {
    /// Whether Docker was measured in this run.
    pub(crate) fn side_by_side(&self) -> bool {
        !self.measured.docker.all().is_empty()
    }

    /// Docker's median of this run, or what is recorded of it.
    pub(crate) fn docker(&self) -> f64 {
        if self.side_by_side() { self.measured.docker.median() } else { self.recorded }
    }

    /// Our median as a part of Docker's.
    pub(crate) fn ratio(&self) -> f64 {
        self.ours().median() / self.docker()
    }

    /// Ours.
    pub(crate) fn ours(&self) -> &Samples {
        &self.measured.ours
    }

    /// Whether it is as wanted.
    pub fn holds(&self) -> bool {
        match self.bound {
            Bound::Part(part, of) => self.ratio() <= part / of,
            Bound::Size(most) => self.ours().median() <= most,
        }
    }

    /// The bound for people.
    pub(crate) fn bound_text(&self) -> String {
        match self.bound {
            Bound::Part(part, of) => format!("{part}/{of}"),
            Bound::Size(most) => format!("{} {}", self.unit.number(most), self.unit.sign()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ours: f64, docker: Option<f64>, bound: Bound) -> Row {
        let mut measured = Measured::default();
        measured.ours.push(ours);
        docker.into_iter().for_each(|sample| measured.docker.push(sample));
        let (name, title, method) = ("", "", "");
        Row { name, title, unit: Unit::Seconds, measured, recorded: 10.0, bound, method }
    }

    #[test]
    fn parts_are_of_what_was_measured_or_recorded() {
        assert!(row(2.0, Some(20.0), Bound::Part(1.0, 10.0)).holds());
        assert!(!row(2.0, None, Bound::Part(1.0, 10.0)).holds());
        assert!(row(1.0, None, Bound::Part(1.0, 10.0)).holds());
        assert!(!row(f64::NAN, None, Bound::Part(1.0, 10.0)).holds(), "nothing was measured");
    }

    #[test]
    fn sizes_stand_alone() {
        assert!(row(1.5, Some(1.0), Bound::Size(1.5)).holds());
        assert!(!row(1.6, Some(100.0), Bound::Size(1.5)).holds());
    }
}
