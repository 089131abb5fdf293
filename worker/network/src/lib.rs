//! The network of one host: links, routes, isolation, balancing, published ports and DNS for its containers, and the way
//! to those on other hosts.
//!
//! ```text
//! Network (public, async)
//!   └─ host/      one thread that owns the kernel's sockets and what we know to be in the kernel
//!        ├─ links.rs     veth pairs, routes              over netlink/ (NETLINK_ROUTE)
//!        ├─ tunnel/      links and routes to nodes       over netlink/
//!        ├─ seal/        WireGuard for encrypted networks
//!        ├─ ruleset/     base chains and sets, constant  over nft/     (NETLINK_NETFILTER)
//!        └─ services.rs  endpoint table -> chains        pure
//!   └─ check/     what of the host keeps services from working
//!   └─ probe/     how packets pass between this node and each other
//!   └─ dns/       one listener per container, one directory of names for all
//! ```
//!
//! Where the host has IPv6, all of it is there for both families, see `family.rs`.
//!
//! Everything of ours is recognisable: the nft tables are called `skep`, links are in the group [`LINK_GROUP`] and called
//! `sk<hash>`, those to other nodes are called `skep-vx` and `skep-wg`, routes and routing rules carry the protocol [`ROUTE_PROTOCOL`]. A
//! daemon that dies leaves all of it working; the next one calls [`Network::open`], [`Network::readopt`] for each living
//! container, [`Network::collect`], [`Network::apply`].

mod attachment;
mod check;
mod conntrack;
mod conntrack_room;
mod dns;
mod error;
mod family;
mod host;
mod listeners;
mod namespace;
mod netlink;
mod network;
mod nft;
mod probe;
mod reserve;
mod seal;
mod store;
mod sysctl;

#[cfg(test)]
mod audit_test;
#[cfg(test)]
mod ipv6_test;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod name_test;
#[cfg(test)]
mod probe_test;
#[cfg(test)]
mod restart_test;
#[cfg(test)]
mod scale_bench;
#[cfg(test)]
mod sealed_bench;
#[cfg(test)]
mod sealed_guard_test;
#[cfg(test)]
mod sealed_key_test;
#[cfg(test)]
mod sealed_restart_test;
#[cfg(test)]
mod sealed_test;
#[cfg(test)]
mod table_test;
#[cfg(test)]
mod traffic_test;
#[cfg(test)]
mod tunnel6_test;
#[cfg(test)]
mod tunnel_change_test;
#[cfg(test)]
mod tunnel_guard_test;
#[cfg(test)]
mod tunnel_restart_test;
#[cfg(test)]
mod tunnel_test;

pub use attachment::{Address, Attached, Attachment};
pub use check::check_host;
pub use error::{NetworkError, Result};
pub use host::{Applied, Deviation, LINK_GROUP, Observed, ROUTE_PROTOCOL};
pub use listeners::Listeners;
pub use namespace::{in_namespace, namespace_of};
pub use network::{Network, Options, upstreams_of_host};
pub use reserve::{PortHold, PortInUse, reserve};
pub use seal::{SealedPeer, TunnelReport};
pub use store::{DescriptorStore, MemoryStore};
