//! The network between hosts, measured on real daemons in namespaces.
//!
//! ```text
//! main.rs            the program skep-network-bench; arguments.rs, its flags; measure.rs, the measures' names
//! suite.rs           all measures in their order
//! field.rs           a swarm of several hosts, looked at from outside
//! client.rs          requests; steady.rs, a client that asks at a fixed rate
//! connections.rs     many connections to two stacks in turn
//! throughput.rs      requests and connections per second; rates.rs counts them, plain.rs and haproxy.rs are what ours is compared with
//! starts.rs          everything killed and started at once
//! cycles.rs          stacks created and removed; counts.rs, what is there of a host's network
//! dns.rs             from a change until names answer right; names.rs asks for them
//! bad_links.rs       packets lost, links slow
//! faults.rs          nodes cut off and rebooted, a leader killed
//! row.rs             what came of a measure, table.rs shows it
//! ```

mod arguments;
mod bad_links;
mod client;
mod connections;
mod counts;
mod cycles;
mod dns;
mod faults;
mod field;
mod haproxy;
mod measure;
mod names;
mod plain;
mod rates;
mod row;
mod starts;
mod steady;
mod suite;
mod table;
mod throughput;

pub use arguments::Arguments;
pub use measure::Measure;
pub use row::Row;
pub use suite::run;
pub use table::print;
