use std::net::Ipv4Addr;

use skep_model::Protocol;

/// Why the port of this host cannot be published, if another process uses it: who, and what to do.
pub fn port_in_use(protocol: Protocol, port: u16) -> Option<String> {
    skep_network::reserve(protocol, Ipv4Addr::UNSPECIFIED, port).err().map(|taken| taken.to_string())
}
