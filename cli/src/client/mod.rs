//! A client of the daemon's API: HTTP over its socket.

mod connection;
mod filters;
mod logs;
mod query;

pub(crate) use connection::{Client, Nothing, body_from, body_from_stdin};
pub(crate) use filters::Filters;
pub(crate) use logs::{Channel, Frames, LogReader};
pub(crate) use query::Query;
