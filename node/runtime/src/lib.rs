//! The facade over tokio: tasks, time, random numbers, signals, back-off and telemetry.
//!
//! Everything that the simulator must own goes through [`Env`]; the rules are in `reference/simulation.md` and held by the
//! root `clippy.toml`. This crate decides nothing.

mod apart;
mod backoff;
mod clock;
mod env;
mod latest;
mod line;
mod random;
#[cfg(feature = "sim")]
pub mod sim;
mod task;
pub mod telemetry;

pub use backoff::Backoff;
#[cfg(feature = "testing")]
pub use clock::SteeredClock;
pub use clock::{Clock, SystemClock};
pub use env::{Env, TimedOut};
pub use latest::Latest;
pub use line::Line;
pub use random::Random;
pub use task::{Lost, Task};
pub use tokio_util::sync::CancellationToken as Shutdown;
