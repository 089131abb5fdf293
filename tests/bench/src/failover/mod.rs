//! How a swarm of three managers and two workers, ours or Docker's, takes the loss of some of them.
//!
//! ```text
//! main.rs            the program skep-failover; arguments.rs, its flags
//! suite.rs           all measures in their order
//! swarm.rs           a swarm of several hosts, by its API alone
//! machine.rs         one of its hosts: started, killed, frozen; docker_host.rs, one of Docker's
//! leader_kills.rs    leaders killed under a client that writes
//! freezes.rs         leaders frozen under it
//! worker_kills.rs    workers killed with all that they run
//! busy.rs            nothing is wrong, but all cores are busy
//! restarts.rs        all managers stopped and started in any order
//! row.rs             what came of a measure, table.rs shows it
//! ```

mod arguments;
mod busy;
mod docker_host;
mod freezes;
mod leader_kills;
mod machine;
mod restarts;
mod row;
mod suite;
mod swarm;
mod table;
mod worker_kills;

pub use arguments::Arguments;
pub use row::Row;
pub use suite::run;
pub use table::print;
