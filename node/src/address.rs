//! Where members reach this node.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// The port for members, as Docker's.
const PORT: u16 = 2377;

/// An address of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostAddress {
    pub(crate) interface: String,
    pub(crate) address: Ipv4Addr,
    pub(crate) loopback: bool,
}

/// The addresses of this host's interfaces that are up. IPv6 comes with the networks between hosts.
pub(crate) fn of_host() -> Vec<HostAddress> {
    let Ok(all) = getifaddrs() else { return Vec::new() };
    let up = all.filter(|each| each.flags.contains(InterfaceFlags::IFF_UP));
    up.filter_map(|each| {
        let address = each.address?.as_sockaddr_in()?.ip();
        let loopback = each.flags.contains(InterfaceFlags::IFF_LOOPBACK);
        Some(HostAddress { interface: each.interface_name, address, loopback })
    })
    .collect()
}

/// Where to listen: `address[:port]`, `interface[:port]` or nothing, which means every address.
pub(crate) fn listen(text: &str, host: &[HostAddress]) -> Result<SocketAddr, String> {
    if text.is_empty() {
        return Ok((Ipv4Addr::UNSPECIFIED, PORT).into());
    }
    resolve(text, PORT, host).map_err(|reason| format!("invalid --listen-addr: {reason}"))
}

/// Where members reach this node: what was asked for, or the one address that can be meant.
pub(crate) fn advertise(text: &str, listen: SocketAddr, host: &[HostAddress]) -> Result<SocketAddr, String> {
    if !text.is_empty() {
        let address = resolve(text, listen.port(), host);
        return match address.map_err(|reason| format!("invalid --advertise-addr: {reason}"))? {
            address if address.ip().is_unspecified() => Err(format!(
                "invalid --advertise-addr: others cannot reach {}; name one address of this host",
                address.ip()
            )),
            address => Ok(address),
        };
    }
    if !listen.ip().is_unspecified() {
        return Ok(listen);
    }
    let mut outside: Vec<&HostAddress> = host.iter().filter(|each| !each.loopback).collect();
    outside.dedup_by_key(|each| each.address);
    match outside.as_slice() {
        // Nobody else can reach a host that has no address.
        [] => Ok((Ipv4Addr::LOCALHOST, listen.port()).into()),
        [one] => Ok((one.address, listen.port()).into()),
        several => {
            let list: Vec<String> =
                several.iter().map(|each| format!("{} on {}", each.address, each.interface)).collect();
            Err(format!(
                "could not choose an IP address to advertise since this system has multiple addresses ({}); specify \
                 one with --advertise-addr",
                list.join(", ")
            ))
        }
    }
}

/// Where this node's end of the tunnel to other nodes is: an address of this host, an interface with one, or nothing, which means
/// where members reach it.
pub(crate) fn data_path(text: &str, host: &[HostAddress]) -> Result<Option<Ipv4Addr>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let refused = |reason: String| Err(format!("invalid --data-path-addr: {reason}"));
    let Ok(address) = text.parse::<IpAddr>() else {
        if text.contains(':') {
            return refused(
                "data path address must be a non-zero IP address or network interface (without a port number)".into(),
            );
        }
        return match resolve(text, 0, host) {
            Ok(SocketAddr::V4(address)) => Ok(Some(*address.ip())),
            Ok(SocketAddr::V6(_)) => refused(format!("{text} has no IPv4 address")),
            Err(reason) => refused(reason),
        };
    };
    match address {
        IpAddr::V6(_) => {
            refused(format!("{address} is an IPv6 address; networks of this version have IPv4 alone"))
        }
        IpAddr::V4(address) if address.is_unspecified() => refused(
            "data path address must be a non-zero IP address or network interface (without a port number)"
                .into(),
        ),
        // The tunnel sends from it.
        IpAddr::V4(address) if host.iter().all(|each| each.address != address) => {
            refused(format!("{address} is no address of this host"))
        }
        IpAddr::V4(address) => Ok(Some(address)),
    }
}

fn resolve(text: &str, port: u16, host: &[HostAddress]) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok((address, port).into());
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, digits)) => {
            (name, digits.parse().map_err(|_| format!("'{digits}' in '{text}' is not a port"))?)
        }
        None => (text, port),
    };
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok((address, port).into());
    }
    let mut on_it = host.iter().filter(|each| each.interface == name);
    match (on_it.next(), on_it.next()) {
        (Some(one), None) => Ok((one.address, port).into()),
        (Some(_), Some(_)) => Err(format!("the interface {name} has several addresses; name one of them")),
        (None, _) => Err(format!("'{name}' is neither an IP address nor an interface of this host with one")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(addresses: &[(&str, [u8; 4])]) -> Vec<HostAddress> {
        let of = |(interface, octets): &(&str, [u8; 4])| HostAddress {
            interface: (*interface).into(),
            address: (*octets).into(),
            loopback: *interface == "lo",
        };
        addresses.iter().map(of).collect()
    }

    #[test]
    fn the_only_address_is_meant() {
        let lo = ("lo", [127, 0, 0, 1]);
        let any = listen("", &[]).unwrap();
        assert_eq!(any.to_string(), "0.0.0.0:2377");
        let one = host(&[lo, ("eth0", [10, 0, 0, 1])]);
        assert_eq!(advertise("", any, &one).unwrap().to_string(), "10.0.0.1:2377");
        assert_eq!(advertise("", any, &host(&[lo])).unwrap().to_string(), "127.0.0.1:2377");
        let two = host(&[lo, ("eth0", [10, 0, 0, 1]), ("eth1", [10, 0, 0, 2])]);
        let refused = advertise("", any, &two).unwrap_err();
        assert!(refused.contains("10.0.0.2 on eth1") && refused.contains("--advertise-addr"), "{refused}");
        assert_eq!(advertise("eth1", any, &two).unwrap().to_string(), "10.0.0.2:2377");
        assert_eq!(advertise("eth1:99", any, &two).unwrap().to_string(), "10.0.0.2:99");
        let bound = listen("10.0.0.1:5", &two).unwrap();
        assert_eq!(advertise("", bound, &two).unwrap(), bound);
    }

    #[test]
    fn the_tunnels_address_is_one_of_this_host() {
        let own = host(&[("lo", [127, 0, 0, 1]), ("eth0", [10, 0, 0, 1]), ("eth1", [10, 1, 0, 1])]);
        assert_eq!(data_path("", &own), Ok(None));
        assert_eq!(data_path("eth1", &own), Ok(Some(Ipv4Addr::new(10, 1, 0, 1))));
        assert_eq!(data_path("10.0.0.1", &own), Ok(Some(Ipv4Addr::new(10, 0, 0, 1))));
        for (wrong, told) in [
            ("0.0.0.0", "must be a non-zero IP address or network interface (without a port number)"),
            ("eth1:4789", "(without a port number)"),
            ("10.0.0.1:4789", "(without a port number)"),
            ("10.0.0.9", "10.0.0.9 is no address of this host"),
            ("fd00::1", "is an IPv6 address"),
            ("eth9", "'eth9' is neither an IP address nor an interface of this host"),
        ] {
            let refused = data_path(wrong, &own).unwrap_err();
            assert!(refused.starts_with("invalid --data-path-addr: ") && refused.contains(told), "{refused}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let any = listen("", &[]).unwrap();
        for bad in ["nothing", "0.0.0.0", "eth0:x", "10.0.0.1:99999"] {
            assert!(advertise(bad, any, &host(&[])).is_err(), "{bad}");
        }
        assert!(listen("eth9", &host(&[])).is_err());
    }
}
