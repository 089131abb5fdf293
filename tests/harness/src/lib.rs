//! Real daemons for tests: each in a network namespace of its own with its own directories, and a client beside it.
//!
//! ```text
//! host.rs        one host: start, kill, restart its daemon; run `skep` against it; everything goes when it is dropped
//! namespace.rs   network namespaces joined by a veth pair
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
mod host;
mod http;
mod leftovers;
mod namespace;
mod wait;

pub use binary::{example, skep_binary, workspace};
pub use host::{Host, Ran};
pub use http::{Answer, Connection};
pub use namespace::Namespaces;
pub use wait::{eventually, until};
