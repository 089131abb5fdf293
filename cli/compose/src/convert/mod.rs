//! The tree, key by key, into a stack's spec.

mod content;
mod declared;
mod deploy;
mod environment;
mod health;
mod ipam;
mod keys;
mod mode;
mod network;
mod placement;
mod port;
mod process;
mod rollout;
mod service;
mod stack;
mod validate;
mod volume;
mod volume_names;

pub(crate) use stack::convert;

use crate::interpolate::Variables;

/// What conversion needs to know beside the tree.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    /// The stack's name.
    pub(crate) project: &'a str,
    /// Where the file is: relative paths start here.
    pub(crate) base_dir: &'a std::path::Path,
    /// The variables of the caller.
    pub(crate) env: Variables<'a>,
}

impl Setting<'_> {
    /// The full name of something in the stack.
    pub(crate) fn full_name(&self, name: &str) -> String {
        format!("{}_{name}", self.project)
    }
}
