use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use skep_model::NodeId;

use crate::host::tunnel::{Device, Number};

/// What there is to probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ground {
    /// This node's end of the tunnel.
    pub(crate) device: Device,
    /// Where it is among the hosts.
    pub(crate) address: Ipv4Addr,
    /// The index of its link: a link made anew needs a new socket.
    pub(crate) link: u32,
    /// The other nodes.
    pub(crate) peers: BTreeMap<NodeId, (Number, Ipv4Addr)>,
}

impl Ground {
    /// Whether the sockets for another one do here, too.
    pub(crate) fn same_place(&self, other: &Self) -> bool {
        (self.link, self.device) == (other.link, other.device)
    }
}
