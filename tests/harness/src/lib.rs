//! Real daemons for tests: each in a network namespace of its own with its own directories, and a client beside it.
//!
//! ```text
//! host.rs        one host: start, kill, restart its daemon; run `skep` against it; everything goes when it is dropped
//! cluster.rs     several hosts that are one swarm; cut, frozen, killed
//! namespace.rs   a host's network namespace, and a client's beside it
//! switch.rs      what joins the hosts of a cluster
//! http.rs        requests from inside a namespace
//! leftovers.rs   what a daemon has on the machine: processes, mounts, cgroups, links, rules, files
//! binary.rs      the `skep` binary, built once
//! wait.rs        waiting for something to become true
//! ```

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "only tests call this: a panic fails one, a print explains it"
)]

mod binary;
mod cluster;
mod host;
mod http;
mod leftovers;
mod namespace;
mod switch;
mod wait;

pub use binary::{example, skep_binary, workspace};
pub use cluster::Cluster;
pub use host::{Host, Ran};
pub use http::{Answer, Connection};
pub use namespace::Namespaces;
pub use switch::Switch;
pub use wait::{eventually, until};
