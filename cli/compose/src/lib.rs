//! From a compose file's text to a stack's spec.
//!
//! `yaml` reads the text into a tree in which every key and value knows its line and column; `interpolate` puts variables
//! in; `convert` walks the tree key by key. What is not honoured is refused, never ignored, and all problems are told at
//! once. Pure: it touches no file, network or clock; variables come through a function.

mod convert;
mod interpolate;
mod load;
mod problem;
mod reader;
mod words;
mod yaml;

pub use load::{declared_name, load, normalise_project};
pub use problem::Problem;
pub use words::{parse_bytes, parse_cpus, parse_duration, parse_ports, split_command};
