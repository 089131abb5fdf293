//! How packets pass between this node and each other one: whether, how big, unaltered.
//!
//! | file            | what it is                                                                          |
//! |-----------------|-------------------------------------------------------------------------------------|
//! | `packet.rs`     | questions and answers as bytes, pure                                                |
//! | `sizes.rs`      | which sizes to try next, pure                                                       |
//! | `ground.rs`     | what there is to probe                                                              |
//! | `socket.rs`     | the sockets and their options                                                       |
//! | `station.rs`    | answers other nodes' questions, and asks them                                       |
//! | `measure.rs`    | from bursts of questions to a report on one way                                     |
//! | `background.rs` | probes every way again and again, and has the routes follow the biggest packet      |
//!
//! Each node asks from its address within the tunnel, and is answered in a small packet, so that a report is on one direction
//! alone. Questions must not be cut (DF); answers say what content arrived. Outside the tunnel an ICMP echo tells a host that
//! is not there from a port that is blocked.

mod background;
mod ground;
mod measure;
mod packet;
mod sizes;
mod socket;
mod station;

pub(crate) use background::Prober;
pub(crate) use ground::Ground;
pub(crate) use socket::{open_echo_socket, open_probe_socket};
