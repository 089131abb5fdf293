/// How a measure's numbers are shown. Times are kept in seconds, memory in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Wall time, in seconds.
    Seconds,
    /// CPU time or a short wall time, in milliseconds.
    Milliseconds,
    /// Memory of a daemon, in MiB.
    Mebibytes,
    /// Memory of one object, in KiB.
    Kibibytes,
}

impl Unit {
    /// A number for people, without its unit.
    pub(crate) fn number(self, value: f64) -> String {
        match self {
            Self::Seconds => format!("{value:.2}"),
            Self::Milliseconds => format!("{:.1}", value * 1000.0),
            Self::Mebibytes => format!("{:.1}", value / 1024.0),
            Self::Kibibytes => format!("{value:.2}"),
        }
    }

    /// Its sign.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Mebibytes => "MiB",
            Self::Kibibytes => "KiB",
        }
    }

    /// What the samples are kept in.
    pub(crate) fn kept_in(self) -> &'static str {
        match self {
            Self::Seconds | Self::Milliseconds => "s",
            Self::Mebibytes | Self::Kibibytes => "KiB",
        }
    }
}
