//! Tasks that belong to a node's life, so that a simulated crash can drop all of them at once (feature `sim`).
//!
//! The simulator runs every node of a cluster on one paused current-thread runtime of tokio. Which node a task belongs to
//! is a thread-local that is set while the task is polled and inherited by what it spawns; components know nothing of it.

mod gate;
mod life;
mod owned;

pub use gate::Gate;
pub use life::Life;
pub use owned::{spawn, spawn_outside};
