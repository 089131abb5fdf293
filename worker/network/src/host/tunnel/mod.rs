//! The tunnel to other nodes: one VXLAN link, and what leads into it.
//!
//! | file         | what it is                                                                     |
//! |--------------|--------------------------------------------------------------------------------|
//! | `number.rs`  | what is derived from a node's number: hardware address, next hop, mark, table   |
//! | `device.rs`  | the link                                                                        |
//! | `found.rs`   | the link that is there                                                          |
//! | `entry.rs`   | neighbours, forwarding entries, routes and rules as messages                    |
//! | `entries.rs` | what of these is in the kernel                                                  |
//! | `reach.rs`   | what an endpoint table wants of them, pure                                      |
//! | `state.rs`   | the way from what is there to what is wanted                                    |
//!
//! A packet to a task on another node follows the route to the task's address to that node's address within the tunnel,
//! from there the neighbour's hardware address, and from there the forwarding entry to the node's own address. Nothing
//! is learned or asked for. Replies to clients that are not containers go back by a mark, see `ruleset/`.

mod device;
mod entries;
mod entry;
mod found;
mod number;
mod reach;
mod state;

pub(crate) use device::{Device, NAME, TUNNEL_GROUP, VNI};
pub(crate) use entry::Entry;
pub(crate) use found::Found;
pub(crate) use number::{MARK_PREFIX, Number};
pub(crate) use reach::Reach;
pub(crate) use state::Tunnel;
