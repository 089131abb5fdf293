use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

use super::tunnel::Number;
use crate::family::Family;

/// The address that this host has among others, the first one that is neither loopback nor link-local; none when it has
/// none. Containers see it as the client when the host itself uses a port on 127.0.0.1 or ::1.
pub(super) fn own_address(family: Family) -> Option<IpAddr> {
    let up = getifaddrs().ok()?.filter(|each| each.flags.contains(InterfaceFlags::IFF_UP));
    let mut addresses = up.filter_map(|each| {
        let address = each.address?;
        match family {
            Family::V4 => address.as_sockaddr_in().map(|it| IpAddr::V4(it.ip())),
            Family::V6 => address.as_sockaddr_in6().map(|it| IpAddr::V6(it.ip())),
        }
    });
    addresses.find(|address| match address {
        IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
        IpAddr::V6(address) => {
            !address.is_loopback() && !address.is_unicast_link_local() && !Number::is_shown6(*address)
        }
    })
}
