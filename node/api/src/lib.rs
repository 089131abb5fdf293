//! The Engine API on a unix socket: the only public API.

mod error;
mod facts;
mod host;
mod log_line;

pub use error::{HostError, HostErrorKind};
pub use facts::HostFacts;
pub use host::{Host, LogStream, Member, SwarmState, Upload};
pub use log_line::{LogLine, LogOptions, LogOrigin};
