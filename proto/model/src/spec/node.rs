use std::fmt;
use std::str::FromStr;

use crate::{Labels, NodeRole, UnknownWord};

/// What the operator wants of a node.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct NodeSpec {
    /// The operator's labels.
    pub labels: Labels,
    /// The role that it should have.
    pub role: NodeRole,
    /// Whether it takes tasks.
    pub availability: Availability,
}

/// Whether a node takes tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum Availability {
    /// It takes tasks.
    #[default]
    Active,
    /// It keeps what it runs and takes nothing new.
    Pause,
    /// Its tasks move elsewhere.
    Drain,
}

impl fmt::Display for Availability {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Active => "active",
            Self::Pause => "pause",
            Self::Drain => "drain",
        })
    }
}

impl FromStr for Availability {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "active" => Ok(Self::Active),
            "pause" => Ok(Self::Pause),
            "drain" => Ok(Self::Drain),
            _ => Err(UnknownWord { word: word.into(), known: "active, pause, drain" }),
        }
    }
}
