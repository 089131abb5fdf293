//! One file per measure. Each round measures ours, then Docker's.

mod cpu;
mod floor;
mod fresh;
mod hundred;
mod list;
mod task;

pub(crate) use cpu::cpu;
pub(crate) use floor::floor;
pub(crate) use fresh::fresh;
pub(crate) use hundred::hundred;
pub(crate) use list::list;
pub(crate) use task::task;
