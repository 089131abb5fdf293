//! `skep doctor`: all nodes look at themselves and at each other, and what they measured becomes a list of what is wrong.
//!
//! | file          | what it is                                                                  |
//! |---------------|-----------------------------------------------------------------------------|
//! | `checkups.rs` | what nodes are asked, and what they answered                                 |
//! | `scene.rs`    | all that is judged, at one time, and what its parts are called              |
//! | `nodes.rs`    | from what single nodes say to findings, pure                                |
//! | `paths.rs`    | from what is measured between nodes to findings, pure                       |
//! | `judge.rs`    | all of it together, and without managers, pure                              |
//! | `client.rs`   | asks the leader, from any member                                            |

mod checkups;
mod client;
mod judge;
mod nodes;
mod paths;
mod scene;

#[cfg(test)]
mod judge_test;

pub(crate) use checkups::Checkups;
pub use client::{DoctorCallError, ask};
pub use judge::without_managers;
pub(crate) use judge::{judge, recalled};
pub(crate) use scene::{Answer, Scene};
