use std::fmt;

/// A node, by its number among its kind. The order is the order of the kinds and numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Site {
    /// A manager.
    Manager(usize),
    /// An agent.
    Agent(usize),
}

impl fmt::Display for Site {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manager(index) => write!(out, "m{index}"),
            Self::Agent(index) => write!(out, "a{index}"),
        }
    }
}
