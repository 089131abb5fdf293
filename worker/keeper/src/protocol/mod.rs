//! What keeper and client say to each other: a unix stream socket, frames of a length (u32, little-endian) and a
//! postcard message, descriptors by SCM_RIGHTS with the frame that needs them. A connection has one request under way
//! at a time; answers come in order.

mod frame;
mod messages;

pub(crate) use frame::{Frames, Outgoing};
pub use messages::{Answer, Event, ExecExit, Record, Request, Status};

/// Version of the messages; both sides must have the same.
pub const VERSION: u32 = 2;
