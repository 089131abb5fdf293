use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{UnknownWord, limits};

/// When and how a task that ended is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct RestartPolicy {
    /// After which ends.
    pub condition: RestartCondition,
    /// Wait before the replacement starts.
    pub delay: Duration,
    /// Most replacements of one slot and spec; 0 means no bound.
    pub attempts_max: u64,
    /// Only replacements within this time count against the bound; zero means all.
    pub window: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            condition: RestartCondition::Any,
            delay: limits::RESTART_DELAY_DEFAULT,
            attempts_max: 0,
            window: Duration::ZERO,
        }
    }
}

/// After which ends a task is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum RestartCondition {
    /// Never.
    None,
    /// After an error.
    OnFailure,
    /// Always.
    #[default]
    Any,
}

impl fmt::Display for RestartCondition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::None => "none",
            Self::OnFailure => "on-failure",
            Self::Any => "any",
        })
    }
}

impl FromStr for RestartCondition {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "none" => Ok(Self::None),
            "on-failure" => Ok(Self::OnFailure),
            "any" => Ok(Self::Any),
            _ => Err(UnknownWord { word: word.into(), known: "none, on-failure, any" }),
        }
    }
}
