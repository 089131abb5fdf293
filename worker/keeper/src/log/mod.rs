//! Log files of containers: the CRI line format, a writer that begins a new file by size, a reader over all files.

mod files;
mod line;
mod reader;
mod splitter;
mod writer;

pub use line::{LogLine, Stream};
pub use reader::{LogOptions, LogReader, Position};
pub(crate) use splitter::Splitter;
pub(crate) use writer::LogWriter;
