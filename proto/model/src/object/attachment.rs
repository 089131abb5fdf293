use std::net::Ipv4Addr;

use crate::{AttachmentId, Meta, NetworkId, NodeId};

/// A plain container's places on networks of the swarm. Managers give it addresses and tell other nodes of it, as of a task; but its
/// node alone decides how long it is there, and nobody schedules, replaces, stops or counts it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// Version and times.
    pub meta: Meta,
    /// Where the container is.
    pub node: NodeId,
    /// The container's id.
    pub container: String,
    /// The container's name.
    pub name: String,
    /// Its place on each network.
    pub places: Vec<AttachedPlace>,
    /// Why it has no addresses (yet); empty when it has.
    pub error: String,
}

/// A plain container's place on one network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct AttachedPlace {
    /// The network.
    pub network: NetworkId,
    /// Names on it beside the container's own.
    pub aliases: Vec<String>,
    /// The container's address on it, once the allocator gave it one.
    pub address: Option<Ipv4Addr>,
}

impl Attachment {
    /// Its address on a network.
    pub fn address_on(&self, network: NetworkId) -> Option<Ipv4Addr> {
        self.places.iter().find(|place| place.network == network)?.address
    }

    /// Whether it has, or is to have, a place on the network.
    pub fn is_on(&self, network: NetworkId) -> bool {
        self.places.iter().any(|place| place.network == network)
    }

    /// Whether it has all of its addresses.
    pub fn is_ready(&self) -> bool {
        self.places.iter().all(|place| place.address.is_some())
    }
}
