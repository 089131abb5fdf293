//! Whether a container works, as a program says that is run in it again and again.
//!
//! ```text
//! plan.rs     what is run how often (pure)
//! state.rs    what follows from the results (pure)
//! watch.rs    runs it while the container runs
//! ```

mod plan;
mod state;
mod watch;

pub use plan::HealthPlan;
pub use state::{Health, HealthResult, HealthStatus};
