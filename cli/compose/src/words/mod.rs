//! The small languages inside compose values: durations, sizes, CPUs, command lines, ports.

mod command;
mod duration;
mod port;
mod size;

pub use command::split_command;
pub use duration::parse_duration;
pub(crate) use port::parse_address;
pub use port::parse_ports;
pub use size::{parse_bytes, parse_cpus};
