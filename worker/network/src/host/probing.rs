//! What probes and `skep doctor` need of the host.

use super::Host;
use super::tunnel::Kind;
use crate::Result;
use crate::probe::{Ground, open_echo_socket, open_probe_socket};
use crate::sysctl;

impl Host {
    /// This node's end of the tunnel and the other nodes; none without a tunnel.
    pub(crate) fn ground(&self) -> Option<Ground> {
        let (device, link) = (self.reach.device(Kind::Plain)?, self.ways.plain_index()?);
        Some(Ground { device, address: device.outer?.address, link, peers: self.reach.others() })
    }

    /// The sockets to probe from, in the host's namespace: that within the tunnel, and that outside.
    pub(crate) fn open_probe_sockets(
        &self,
        ground: &Ground,
    ) -> Result<(std::net::UdpSocket, std::net::UdpSocket)> {
        Ok((open_probe_socket(ground.device.number)?, open_echo_socket(ground.address)?))
    }

    /// Whether packets to some node are smaller than the link's.
    pub(crate) fn has_small_paths(&self) -> bool {
        !self.path_mtus.is_empty()
    }

    /// Has the kernel forget what routers said of packet sizes (it would believe them for ten minutes), so that a way that is
    /// mended is found so. Whoever else needs to know is told again.
    pub(crate) fn forget_path_mtus(&self) -> Result<()> {
        sysctl::write("net/ipv4/route/flush", "1")
    }
}
