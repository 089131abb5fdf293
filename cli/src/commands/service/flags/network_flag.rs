//! Values of the flags on networks and ports.

use std::net::IpAddr;

use skep_model::{NetworkAttachment, NetworkTarget, PortConfig, PortMode, Protocol};

use super::fields::{needed, pair, split};

/// A network by name, or `name=N,alias=A,...`.
pub(super) fn network(text: &str) -> Result<NetworkAttachment, String> {
    let target = |name: &str| match name.parse() {
        Ok(id) => NetworkTarget::Id(id),
        Err(_) => NetworkTarget::Name(name.to_owned()),
    };
    if !text.contains('=') {
        return Ok(NetworkAttachment { target: target(text), aliases: Vec::new() });
    }
    let (mut name, mut aliases) = (None, Vec::new());
    for field in split(text)? {
        let (key, value) = pair(&field);
        match key.as_str() {
            "name" => name = Some(needed(&key, value)?.to_owned()),
            "alias" => aliases.push(needed(&key, value)?.to_owned()),
            "driver-opt" => return Err("driver-opt: networks of Skep have no options per container".into()),
            _ => return Err(format!("'{key}' is not a field of a network: use name or alias")),
        }
    }
    let name = name.ok_or("the network's name is missing: add name=NETWORK")?;
    Ok(NetworkAttachment { target: target(&name), aliases })
}

/// The short form of a port, or `target=80,published=8080,protocol=tcp,mode=host`.
pub(super) fn ports(text: &str) -> Result<Vec<PortConfig>, String> {
    if !text.contains('=') {
        return skep_compose::parse_ports(text);
    }
    let mut port = PortConfig {
        protocol: Protocol::Tcp,
        target: 0,
        published: 0,
        mode: PortMode::Ingress,
        address: None,
    };
    for field in split(text)? {
        let (key, value) = pair(&field);
        let value = needed(&key, value)?;
        let number =
            || value.parse().map_err(|_| format!("'{value}' is not a port from 1 to 65535 for {key}"));
        match key.as_str() {
            "target" => port.target = number()?,
            "published" => port.published = number()?,
            "protocol" => port.protocol = value.parse().map_err(|error| format!("protocol: {error}"))?,
            "mode" => port.mode = mode(value)?,
            "host-ip" => port.address = Some(address(value)?),
            _ => {
                let known = "use target, published, protocol, mode or host-ip";
                return Err(format!("'{key}' is not a field of a port: {known}"));
            }
        }
    }
    if port.target == 0 {
        return Err("the port in the container is missing: add target=PORT".into());
    }
    Ok(vec![port])
}

/// A published port that goes: by its port in the container.
pub(super) fn removed_port(text: &str) -> Result<PortConfig, String> {
    let read = ports(text)?;
    match read.as_slice() {
        [port] if port.published == 0 || text.contains('=') => Ok(*port),
        _ => Err(format!("'{text}': a port is removed by its port in the container, e.g. 80 or 53/udp")),
    }
}

/// A line of a hosts file: `address name` of `name:address`.
pub(super) fn host(text: &str) -> Result<String, String> {
    let wrong = || format!("'{text}' is not NAME:ADDRESS");
    let (name, text) = text.split_once([':', '=']).filter(|(name, _)| !name.is_empty()).ok_or_else(wrong)?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    Ok(format!("{} {name}", address(bare)?))
}

fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| format!("'{text}' is not an address"))
}

fn mode(word: &str) -> Result<PortMode, String> {
    match word {
        "ingress" => Ok(PortMode::Ingress),
        "host" => Ok(PortMode::Host),
        _ => Err(format!("'{word}' is not a mode: use ingress or host")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read() {
        let front = network("front").unwrap();
        assert_eq!(front.target, NetworkTarget::Name("front".into()));
        let long = network("name=front,alias=a,alias=b").unwrap();
        assert_eq!((long.target, long.aliases), (front.target, vec!["a".to_owned(), "b".to_owned()]));
        for bad in ["alias=x", "name=a,colour=b", "name="] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ports_are_read() {
        let long = ports("target=80,published=8080,protocol=udp,mode=host").unwrap()[0];
        assert_eq!((long.target, long.published, long.mode), (80, 8080, PortMode::Host));
        assert_eq!(ports("8080:80").unwrap()[0].published, 8080);
        assert_eq!(removed_port("53/udp").unwrap().protocol, Protocol::Udp);
        for bad in ["published=1", "target=x", "target=80,colour=x", "target=80,mode=x"] {
            assert!(ports(bad).is_err(), "{bad}");
        }
        assert!(removed_port("8080:80").is_err());
    }

    #[test]
    fn hosts_are_read() {
        assert_eq!(host("db:10.0.0.1").unwrap(), "10.0.0.1 db");
        assert_eq!(host("db:[fd00::1]").unwrap(), "fd00::1 db");
        assert_eq!(host("db:fd00::1").unwrap(), "fd00::1 db");
        assert!(host("db").is_err());
        assert!(host("db:nowhere").is_err());
    }
}
