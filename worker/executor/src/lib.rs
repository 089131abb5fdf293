//! The seam between the cluster and the machine.
//!
//! An agent drives each task through a [`Controller`] that an [`Executor`] gives it; what comes next is decided by the
//! pure function [`next_step`]. The engine implements both on real containers; the fake (feature "testing") beside them
//! lets the same cluster run inside one test. Nothing here knows containers, networks or gRPC.

mod controller;
mod error;
mod executor;
#[cfg(feature = "testing")]
pub mod fake;
mod step;

pub use controller::Controller;
pub use error::ControllerError;
pub use executor::Executor;
pub use step::{Step, next_step};
