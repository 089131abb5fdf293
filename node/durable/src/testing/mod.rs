//! The crash harness: a store that says "stored" must still have it after `kill -9` and after a power cut.
//!
//! The test binary runs itself again as a child, which writes to the store and tells what was acknowledged through a
//! pipe. The parent kills it at a random moment, opens what is left and compares.

mod acks;
mod child;
mod image;
mod trial;

pub use acks::Acks;
pub use trial::Trial;
