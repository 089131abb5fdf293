//! What goes between nodes encrypted: WireGuard in user space, behind a link of ours.
//!
//! ```text
//! Seal (owned by the host's thread)
//!   ├─ keys.rs        this node's own keys, on disk
//!   ├─ members.rs     the other nodes with their channels, shared with the pump
//!   │    └─ channel.rs   one of our keys and one of a node's: boringtun's `Tunn`, its sessions and handshakes
//!   └─ pump.rs        two threads between the link and a UDP socket
//!        ├─ outward.rs   frames out of the link (tap.rs) -> datagrams (outbox.rs)
//!        └─ inward.rs    datagrams -> frames into the link; handshakes, timers
//! ```
//!
//! The link is an Ethernet to the kernel, with an end of its own for each node, like the VXLAN link beside it: the hardware
//! address that a frame is for says to which node it goes, and the one that we put on a frame that came says which node has
//! sealed it. Only IPv4 packets pass, without their Ethernet headers: on the wire it is WireGuard as everywhere. There is no
//! way from the link to the outside but through a session with the node that it is for; while there is none, packets wait
//! for it or are lost.
//!
//! Nodes know each other's public keys from managers. A node makes a new key now and then and tells managers; until all other
//! nodes have shaken hands with the new one, the former counts as well. Of several channels to a node the newest that has a
//! session is used, and all are listened to.

mod channel;
mod inward;
mod keys;
mod losses;
mod member;
mod members;
mod outbox;
mod outward;
mod own_key;
mod plan;
mod pump;
mod report;
mod seal_state;
mod shared;
mod tap;

pub(crate) use plan::{SealPeer, SealPlan};
pub use report::{SealedPeer, TunnelReport};
pub(crate) use seal_state::Seal;
pub(crate) use tap::Tap;
