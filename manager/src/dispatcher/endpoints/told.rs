use std::collections::BTreeSet;

use skep_model::{NetworkId, Peer};

/// What a session's agent has been told of the endpoints.
#[derive(Debug, Default)]
pub(in crate::dispatcher) struct Told {
    /// The book's revision that it was told; none before the first table.
    pub(super) revision: Option<u64>,
    /// The networks of the node.
    pub(super) networks: BTreeSet<NetworkId>,
    /// The node itself.
    pub(super) own: Option<Peer>,
    /// The UDP port of the tunnel.
    pub(super) tunnel_port: u16,
    /// The version of the table that was sent last.
    pub(super) sent: u64,
}

impl Told {
    /// The version of the table that was sent last; none before the first.
    pub(in crate::dispatcher) fn sent(&self) -> Option<u64> {
        self.revision.map(|_| self.sent)
    }
}
