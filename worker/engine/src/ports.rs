//! Ports of this host.

use std::net::{IpAddr, Ipv4Addr};

use skep_model::{EndpointSpec, PortConfig, Protocol};
use skep_network::PortInUse;

use crate::container::HostPort;

/// All addresses of this host.
const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Why the port of this host cannot be published, if another process uses it: who, and what to do.
pub fn port_in_use(protocol: Protocol, port: u16) -> Option<String> {
    skep_network::reserve(protocol, Ipv4Addr::UNSPECIFIED, port).err().map(|taken| taken.to_string())
}

/// The ports of a task in host mode; those that are left open are chosen among the free ones.
pub(crate) fn host_ports(endpoint: &EndpointSpec) -> Result<Vec<HostPort>, PortInUse> {
    chosen(endpoint.host_ports().copied())
}

/// Ports of this host; those that are left open are chosen among the free ones.
pub(crate) fn chosen(wanted: impl IntoIterator<Item = PortConfig>) -> Result<Vec<HostPort>, PortInUse> {
    // Held until all are chosen: no port is chosen twice.
    let mut held = Vec::new();
    let mut ports = Vec::new();
    for port in wanted {
        let mut published = port.published;
        if published == 0 {
            let hold = skep_network::reserve(port.protocol, port.address.unwrap_or(ANY), 0)?;
            published = hold.port();
            held.push(hold);
        }
        ports.push(HostPort {
            protocol: port.protocol.to_string(),
            target: port.target,
            published,
            address: port.address,
        });
    }
    Ok(ports)
}
