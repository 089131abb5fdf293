//! openraft's runtime in the simulator (feature `sim`): tokio's paused clock, tasks that belong to a node's life, and
//! nothing that depends on chance but the life's own random numbers.

mod draw;
mod log_view;
mod runtime;
mod spawner;
mod watch;

pub use log_view::{LoggedEntry, last_logged};
pub(crate) use runtime::LifeRuntime;
pub use spawner::Inline;
