//! Control groups, version 1, 2 and both at once: where they are, what a limit is called there, and acting on them.
//! What to write is decided by pure functions (`v1`, `v2`, `devices`); `group` writes it.

mod device_program;
mod devices;
mod group;
mod hierarchies;
mod statistics;
mod tree;
mod v1;
mod v2;

pub(crate) use group::Group;
pub(crate) use hierarchies::Hierarchies;
pub use statistics::Statistics;
pub(crate) use statistics::read as statistics;
pub(crate) use tree::{remove_children, remove_parents};

/// One file of a control group and what goes into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Controller that the file belongs to.
    pub(crate) controller: &'static str,
    /// Name of the file.
    pub(crate) file: &'static str,
    /// What is written.
    pub(crate) value: String,
}

/// A setting, from anything that has a text.
fn set(controller: &'static str, file: &'static str, value: impl ToString) -> Setting {
    Setting { controller, file, value: value.to_string() }
}
