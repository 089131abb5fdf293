//! From a compose file's text to a stack's spec.
//!
//! `yaml` reads the text into a tree in which every key and value knows its line and column; `interpolate` puts variables
//! in; `words` reads single values (commands, durations, sizes, ports). What walks the tree key by key is still to come.
//! Pure: it touches no file, network or clock; variables come through a function.

pub mod interpolate;
mod problem;
pub mod words;
pub mod yaml;

pub use problem::Problem;
