//! Skep and Docker Swarm side by side in one run: how fast, how large. See README.md for what each measure means.
//!
//! ```text
//! main.rs           the program: arguments, the release build, the verdict
//! arguments.rs      its flags
//! release.rs        the release build of `skep`, which is what is measured
//! suite.rs          all measures in their order
//! measure/          one file per measure
//! pair.rs           both sides; rounds take turns
//! failover/         the other program, skep-failover: what becomes of writes and tasks when hosts die
//! network/          the other one, skep-network-bench: what the network between hosts carries, and how it takes faults
//! daemon.rs         one side: a daemon with its socket, its group and all that goes with it
//! skep.rs           how ours is started
//! docker.rs         how Docker's is started
//! workload.rs       services, the same words to both
//! image.rs          the image, the same bytes to both
//! group.rs          the control group that counts a side's CPU time and knows its processes
//! memory.rs         proportional set sizes
//! patience.rs       waiting, until told to stop
//! interrupt.rs      being told to stop
//! samples.rs        medians
//! row.rs, unit.rs   a measure's outcome against its bound
//! table.rs          all of them for a person, report.rs for a program
//! recorded.rs       what Docker did on a quiet machine, when it is not installed
//! machine.rs        how busy the machine is
//! ```

#![expect(clippy::print_stderr, reason = "it tells how far it is, and what it could not clean up")]

mod arguments;
mod daemon;
mod docker;
pub mod failover;
mod group;
mod image;
mod interrupt;
mod machine;
mod measure;
mod memory;
pub mod network;
mod pair;
mod patience;
mod recorded;
mod release;
mod report;
mod row;
mod samples;
mod skep;
mod suite;
mod table;
mod unit;
mod workload;

pub use arguments::Arguments;
pub use interrupt::listen;
pub use release::measure_release;
pub use report::write;
pub use row::Row;
pub use suite::{Outcome, run};
pub use table::print;
