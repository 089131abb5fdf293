use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{UnknownWord, limits};

/// How running tasks are brought to a changed spec, or back to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct UpdateConfig {
    /// Slots that are worked on at a time; 0 means all at once.
    pub parallelism: u64,
    /// Wait after a slot (or as many as are worked on at a time) before the next.
    pub delay: Duration,
    /// What happens when too many tasks fail.
    pub failure_action: FailureAction,
    /// How long a task is watched after it runs; one that ends sooner counts as failed.
    pub monitor: Duration,
    /// Failures that are borne, in millionths of the slots that change.
    pub max_failure_ppm: u32,
    /// What comes first in a slot.
    pub order: UpdateOrder,
}

impl Default for UpdateConfig {
    fn default() -> Self {
        Self {
            parallelism: limits::UPDATE_PARALLELISM_DEFAULT,
            delay: Duration::ZERO,
            failure_action: FailureAction::default(),
            monitor: limits::UPDATE_MONITOR_DEFAULT,
            max_failure_ppm: 0,
            order: UpdateOrder::default(),
        }
    }
}

/// What happens to an update of which too many tasks fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum FailureAction {
    /// It stops where it is, until the service is changed again.
    #[default]
    Pause,
    /// It goes on.
    Continue,
    /// The service goes back to the spec before. Of a rollback it means `Pause`.
    Rollback,
}

/// What comes first in a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum UpdateOrder {
    /// The old task ends before the new one starts.
    #[default]
    StopFirst,
    /// The new task runs before the old one is stopped.
    StartFirst,
}

impl fmt::Display for FailureAction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Pause => "pause",
            Self::Continue => "continue",
            Self::Rollback => "rollback",
        })
    }
}

impl FromStr for FailureAction {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "pause" => Ok(Self::Pause),
            "continue" => Ok(Self::Continue),
            "rollback" => Ok(Self::Rollback),
            _ => Err(UnknownWord { word: word.into(), known: "pause, continue, rollback" }),
        }
    }
}

impl fmt::Display for UpdateOrder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::StopFirst => "stop-first",
            Self::StartFirst => "start-first",
        })
    }
}

impl FromStr for UpdateOrder {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "stop-first" => Ok(Self::StopFirst),
            "start-first" => Ok(Self::StartFirst),
            _ => Err(UnknownWord { word: word.into(), known: "stop-first, start-first" }),
        }
    }
}
