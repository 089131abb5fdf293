//! Waiting for what was asked for, and telling how it goes on.

mod assess;
mod board;
mod wait;

pub(crate) use wait::{Goal, converge, gone};
