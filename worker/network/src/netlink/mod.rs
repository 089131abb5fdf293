//! Netlink by hand: one encoder and one blocking socket for routes, nftables and connection tracking.
//!
//! The kernel answers within `send`, so a blocking socket costs no waiting.

mod message;
mod socket;

pub(crate) use message::{Message, attributes, first_attribute, read_be32, read_u32, text};
pub(crate) use socket::NetlinkSocket;
