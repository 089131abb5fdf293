//! A whole cluster in one process, on simulated time, under one seed: managers with their real store, Raft, log recovery and
//! planners, agents with the fake executor, and a nemesis. See README.md.

mod agents;
mod birth;
mod calls;
mod chance;
mod client;
mod clock;
mod disk;
mod drain;
mod events;
mod faults;
mod freeze;
mod healing;
mod history;
mod invariants;
mod ledger;
mod managers;
mod membership;
mod nemesis;
mod network;
mod options;
mod outcome;
mod plant;
mod recovery;
mod rival;
mod run;
mod sessions;
mod site;
mod storage;
mod tier;
mod transport;
mod upstream;
mod wire;
mod world;

pub use options::{Options, STEP};
pub use outcome::Outcome;
pub use plant::Plant;
pub use run::run;
pub use tier::Tier;
