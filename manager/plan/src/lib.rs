//! The planners: pure functions from a view of the store and a time to changes, and the one driver that runs them all.
//!
//! A planner takes no event as input: woken by a change or by the clock it reads what stands in the store, so start-up,
//! a change of leader and normal running are one path. No wire format, no I/O; the clock is the driver's.

mod allocator;
mod departed;
mod driver;
mod enforcer;
mod fits;
mod global;
mod jobs;
mod new_task;
mod place;
mod reaper;
mod rebalance;
mod reconciler;
mod replicated;
mod restart;
mod root_rotation;
mod scheduler;
mod update;

#[cfg(test)]
mod world;

pub use allocator::Allocator;
pub use departed::Departed;
pub use driver::{Driver, planners};
pub use enforcer::Enforcer;
pub use fits::Fits;
pub use global::Global;
pub use jobs::Jobs;
pub use reaper::Reaper;
pub use rebalance::{Move, Rebalance, moves};
pub use reconciler::{Plan, Reconciler};
pub use replicated::Replicated;
pub use restart::{Restart, should_restart};
pub use root_rotation::RootRotations;
pub use scheduler::{Filter, Lack, Refusal, Refusals, Room, Scheduler, Verdict, explain};
pub use update::Updater;
