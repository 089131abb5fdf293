use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum Severity {
    /// Something does not work.
    Fault,
    /// Something works, and may soon not, or works badly.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Fault => "FAULT",
            Self::Warning => "WARN",
        })
    }
}
