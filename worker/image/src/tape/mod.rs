//! Tar archives, read entry by entry.
//!
//! Headers are the `tar` crate's. Its own walk over entries is not used: it cuts PAX values at line ends, which binary
//! ones such as `security.capability` contain, and reads extensions of any size into memory.

mod entry;
mod pax;
mod stream;

pub(crate) use entry::{Entry, Kind};
pub(crate) use stream::Tape;
