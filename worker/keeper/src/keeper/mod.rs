//! The keeper process: parent of every container, one thread, one epoll loop. It answers requests, pumps output into
//! logs, notes how containers end, and does nothing that waits.

mod connection;
mod container;
mod execs;
mod exits;
mod lifecycle;
mod options;
mod output;
mod requests;
mod seal;
mod server;
mod socket;
mod sources;
mod upgrade;

pub use options::Options;
pub use server::run;
