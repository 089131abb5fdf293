//! Real daemons for tests: each in a network namespace of its own with its own directories, and a client beside it.
//!
//! ```text
//! host.rs        one host: start, kill, restart its daemon; run `skep` against it; everything goes when it is dropped
//! cluster.rs     several hosts that are one swarm; cut, frozen, killed
//! namespace.rs   a host's network namespace, and a client's beside it
//! switch.rs      what joins the hosts of a cluster
//! census.rs      which tasks are wanted, and which really run
//! place.rs       where the tasks of a service are: host, process, addresses
//! load.rs        a client that asks at a fixed rate, and minds every failure
//! loss.rs        a host that hears nobody, or that nobody hears
//! resolver.rs    stands in for the machine's DNS servers
//! busybox.rs     an image with a shell
//! seen_client.rs whether a task saw the client as it is
//! small_disk.rs  a data directory with little room
//! http.rs        requests from inside a namespace
//! datagram.rs    datagrams from inside a namespace
//! api.rs         requests to a daemon's socket
//! writer.rs      a client that writes all the time; record.rs, what became of its writes
//! leftovers.rs   what a daemon has on the machine: processes, mounts, cgroups, links, rules, files
//! binary.rs      the `skep` binary, built once
//! wait.rs        waiting for something to become true
//! ```

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "only tests call this: a panic fails one, a print explains it"
)]

mod api;
mod binary;
mod busybox;
mod cargo;
mod census;
mod cluster;
mod datagram;
mod host;
mod http;
mod leftovers;
mod load;
mod loss;
mod namespace;
mod place;
mod record;
mod resolver;
mod seen_client;
mod small_disk;
mod switch;
mod wait;
mod wire;
mod writer;

pub use api::{Api, encoded};
pub use binary::{example, skep_binary, workspace};
pub use cargo::cargo;
pub use census::Census;
pub use cluster::Cluster;
pub use datagram::Datagrams;
pub use host::{Host, Ran};
pub use http::{Answer, Connection};
pub use load::Load;
pub use loss::Loss;
pub use namespace::Namespaces;
pub use place::Place;
pub use record::{Acknowledged, Record};
pub use resolver::Resolver;
pub use seen_client::sees_client;
pub use switch::Switch;
pub use wait::{eventually, until};
pub use wire::{Heard, Wire};
pub use writer::Writer;
