//! Commands in containers, of this node and, of tasks, of others: what was made, runs, and has ended lately.

mod book;
mod carry;

pub(crate) use book::{Exec, ExecBook, Target};
pub(crate) use carry::{carry, drain};
