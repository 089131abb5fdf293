//! The tunnel to other nodes: a VXLAN link, a second one for encrypted networks, and what leads into them.
//!
//! | file         | what it is                                                                     |
//! |--------------|--------------------------------------------------------------------------------|
//! | `kind.rs`    | the two links, and by what they are told apart                                  |
//! | `number.rs`  | what is derived from a node's number: hardware address, next hop, mark, table   |
//! | `device.rs`  | a link; `outer.rs`: where it is among the hosts                                 |
//! | `end.rs`     | this node's end, as the rules need to know it                                   |
//! | `found.rs`   | the link that is there                                                          |
//! | `entry.rs`   | neighbours, forwarding entries, routes and rules as messages                    |
//! | `local_rule.rs` | the kernel's rule for packets to the host itself, and ours                     |
//! | `entries.rs` | what of these is in the kernel                                                  |
//! | `reach.rs`   | what an endpoint table wants of them, pure                                      |
//! | `state.rs`   | the way from what is there to what is wanted                                    |
//!
//! A packet to a task on another node follows the route to the task's address to that node's address within the tunnel,
//! from there the neighbour's hardware address, and from there the forwarding entry to the node's own address. Nothing
//! is learned or asked for. What goes into the sealed link comes to `seal/`, which knows the node by the hardware address
//! and needs no forwarding entries. Replies to clients that are not containers go back by a mark, see `ruleset/`.

mod device;
mod end;
mod entries;
mod entry;
mod found;
mod kind;
mod local_rule;
mod number;
mod outer;
mod reach;
mod state;

pub(crate) use device::{Device, VNI};
pub(crate) use end::End;
pub(crate) use entry::Entry;
pub(crate) use found::Found;
pub(crate) use kind::Kind;
pub(crate) use number::Number;
pub(crate) use outer::Outer;
pub(crate) use reach::{Reach, Route};
pub(crate) use state::Tunnel;
