//! Waiting for what was asked for, and telling how it goes on.

mod assess;
mod baseline;
mod board;
mod count;
mod ending;
mod phase;
mod root;
mod steady;
mod tasks;
mod wait;

#[cfg(test)]
mod assess_test;

pub(crate) use root::root_rotated;
pub(crate) use wait::{Goal, converge, gone};
