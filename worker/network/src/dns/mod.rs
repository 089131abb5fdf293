//! DNS for containers: each has a listener on 127.0.0.11 in its namespace, and all share one directory of names.

mod answer;
mod directory;
mod forward;
mod listener;
mod server;
mod zones;

pub(crate) use directory::{Asker, Directory};
pub(crate) use forward::Upstreams;
pub(crate) use listener::open_listener;
pub(crate) use server::{Serving, serve};

use std::net::Ipv4Addr;
use std::time::Duration;

/// Where containers ask; programs and people know this address from Docker.
pub(crate) const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
/// How long an answer of ours may be kept, in seconds: tasks come and go.
pub(crate) const TTL_SECONDS: u32 = 1;
/// How long one upstream may take; resolvers in containers give up after five seconds.
pub(crate) const UPSTREAM_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long a TCP connection may be idle.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long queries wait for the first table after a daemon's start; their senders ask again after five seconds.
pub(crate) const FIRST_TABLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Forwarded queries, or TCP connections, that one container may have in flight.
pub(crate) const IN_FLIGHT: usize = 100;
