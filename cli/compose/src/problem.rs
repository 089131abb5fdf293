use std::fmt;

/// A place in the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// One thing in a compose file that cannot be accepted, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The key's path, e.g. `services.web.deploy.mode`; empty when the text as a whole is meant.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(out, "{}: ", self.path)?;
        }
        out.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// A problem before the file's name is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub at: Position,
    pub path: String,
    pub message: String,
}

impl Finding {
    pub(crate) fn new(at: Position, path: &str, message: impl Into<String>) -> Self {
        Self { at, path: path.to_owned(), message: message.into() }
    }

    pub(crate) fn in_file(self, file: &str) -> Problem {
        Problem {
            file: file.to_owned(),
            line: self.at.line,
            column: self.at.column,
            path: self.path,
            message: self.message,
        }
    }
}
