use std::net::Ipv4Addr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// The address that this host has among others, the first one that is neither loopback nor link-local; none when it has
/// none. Containers see it as the client when the host itself uses a port on 127.0.0.1.
pub(super) fn own_address() -> Option<Ipv4Addr> {
    let up = getifaddrs().ok()?.filter(|each| each.flags.contains(InterfaceFlags::IFF_UP));
    let mut addresses = up.filter_map(|each| Some(each.address?.as_sockaddr_in()?.ip()));
    addresses.find(|address| !address.is_loopback() && !address.is_link_local())
}
