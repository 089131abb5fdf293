use std::net::Ipv4Addr;

/// Where this node's end of the tunnel is among the hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outer {
    /// The address that it sends from.
    pub(crate) address: Ipv4Addr,
    /// The UDP port, here and at the other ends.
    pub(crate) port: u16,
}
