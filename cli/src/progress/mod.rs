//! Waiting for what was asked for, and telling how it goes on.

mod assess;
mod board;
mod root;
mod wait;

pub(crate) use root::root_rotated;
pub(crate) use wait::{Goal, converge, gone};
