use std::fmt;

use crate::{Check, Severity};

/// One thing that is wrong, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was looked at.
    pub check: Check,
    /// Where: a host's name, or those of two with an arrow between. Empty while only the node itself knows of it.
    pub place: String,
    /// What failed.
    pub failed: String,
    /// Why, as far as it can be told.
    pub cause: String,
    /// What to do.
    pub fix: String,
}

impl Finding {
    /// Something that does not work.
    pub fn fault(check: Check, failed: impl Into<String>) -> Self {
        Self::new(Severity::Fault, check, failed.into())
    }

    /// Something that works badly, or may soon not work.
    pub fn warning(check: Check, failed: impl Into<String>) -> Self {
        Self::new(Severity::Warning, check, failed.into())
    }

    fn new(severity: Severity, check: Check, failed: String) -> Self {
        let (place, cause, fix) = Default::default();
        Self { severity, check, place, failed, cause, fix }
    }

    /// With what it comes from.
    #[must_use]
    pub fn cause(self, cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), ..self }
    }

    /// With what to do.
    #[must_use]
    pub fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: fix.into(), ..self }
    }

    /// With where it is.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Self {
        Self { place: place.into(), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, place, failed, cause, fix, .. } = self;
        write!(out, "{severity:<5}  {place}: {failed}; cause: {cause}; fix: {fix}")
    }
}
