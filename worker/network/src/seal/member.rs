use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Instant;

use skep_model::TunnelKey;

use super::channel::Channel;

/// Another node, as the pump sees it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) address: Ipv4Addr,
    /// Its key as managers know it.
    pub(super) key: TunnelKey,
    /// Since when we know that key.
    pub(super) since: Instant,
    /// The best first: those with our newest key and its newest.
    pub(super) channels: Vec<Arc<Channel>>,
    /// The one by which we ask for a session: of the keys that both ends are known by.
    pub(super) active: Arc<Channel>,
}

impl Member {
    /// Where its datagrams go.
    pub(super) fn target(&self, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(self.address, port)
    }

    /// The channel that a packet goes by: the best with a session, or the one that will have one.
    pub(super) fn way(&self) -> &Channel {
        self.channels.iter().find(|channel| channel.is_connected()).unwrap_or(&self.active)
    }
}
