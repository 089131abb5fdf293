//! What can be wrong with words that come from outside.

use thiserror::Error;

/// A text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IdError {
    /// It does not have the digits of an id.
    #[error("'{text}' is not an id: an id has 25 digits")]
    Length {
        /// The text.
        text: String,
    },
    /// It holds a character that is no base-36 digit.
    #[error("'{text}' is not an id: '{character}' is neither a digit nor a small letter")]
    Character {
        /// The text.
        text: String,
        /// The character.
        character: char,
    },
    /// Its value does not fit 128 bits.
    #[error("'{text}' is not an id: its value is too large")]
    Range {
        /// The text.
        text: String,
    },
}

/// A spec cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {reason}")]
pub struct Invalid {
    /// Which field, e.g. `services.web.task.container.image`.
    pub path: String,
    /// What is wrong with it and what would be right.
    pub reason: String,
}

impl Invalid {
    /// The field at `path` is wrong because of `reason`.
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// The same problem seen from further out: `prefix.path`.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        self.path = if self.path.is_empty() { prefix.to_owned() } else { format!("{prefix}.{}", self.path) };
        self
    }
}

/// A word is not one of those that a field knows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{word}' is not one of {known}")]
pub struct UnknownWord {
    /// The word.
    pub word: String,
    /// The words that would be right, with commas.
    pub known: &'static str,
}
