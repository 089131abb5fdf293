use std::net::IpAddr;

use skep_model::{PortConfig, PortMode, Protocol};

/// The short form of a published port: `[[ADDRESS:]PUBLISHED:]TARGET[/tcp|udp]`, both ports may be ranges. An IPv6 address is in
/// brackets.
///
/// # Errors
/// What is wrong with it.
pub fn parse_ports(text: &str) -> Result<Vec<PortConfig>, String> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol: Protocol = protocol.parse().map_err(|error| format!("'{text}': {error}"))?;
    let bracketed = ports.strip_prefix('[').and_then(|rest| rest.split_once("]:"));
    let mut parts: Vec<&str> = bracketed.map_or(ports, |(_, rest)| rest).split(':').collect();
    if let Some((address, _)) = bracketed {
        parts.insert(0, address);
    }
    let filled = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
    let (address, published, target) = match parts.as_slice() {
        [target] => (None, None, *target),
        [published, target] if bracketed.is_none() => (None, filled(published), *target),
        [address, published, target] => (parse_address(address)?, filled(published), *target),
        _ => return Err(format!("'{text}' is not a port like 8080:80 or 127.0.0.1:8080:80")),
    };
    let (first, last) = range(text, target)?;
    let config =
        |target, published| PortConfig { protocol, target, published, mode: PortMode::Ingress, address };
    let Some(published) = published else {
        return Ok((first..=last).map(|target| config(target, 0)).collect());
    };
    let (public_first, public_last) = range(text, &published)?;
    if public_last - public_first != last - first {
        return Err(format!("'{text}': the two ranges have different lengths"));
    }
    Ok((first..=last)
        .zip(public_first..=public_last)
        .map(|(target, public)| config(target, public))
        .collect())
}

/// An address that a port is published on; none for all.
pub(crate) fn parse_address(text: &str) -> Result<Option<IpAddr>, String> {
    let address: IpAddr = text.parse().map_err(|_| format!("'{text}' is not an address"))?;
    Ok(Some(address.to_canonical()).filter(|address| !address.is_unspecified()))
}

fn range(text: &str, part: &str) -> Result<(u16, u16), String> {
    let port = |word: &str| {
        let number = word
            .parse::<u16>()
            .ok()
            .filter(|&port| port != 0 && word.starts_with(|c: char| c.is_ascii_digit()));
        number.ok_or_else(|| format!("'{text}': '{word}' is not a port from 1 to 65535"))
    };
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let (first, last) = (port(first)?, port(last)?);
    if first > last {
        return Err(format!("'{text}': the range {part} goes down"));
    }
    Ok((first, last))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Result<Vec<String>, String> {
        let ports = parse_ports(text)?;
        Ok(ports.iter().map(|port| format!("{}>{}/{}", port.published, port.target, port.protocol)).collect())
    }

    #[test]
    fn short_forms() {
        assert_eq!(shown("80").unwrap(), ["0>80/tcp"]);
        assert_eq!(shown("8080:80").unwrap(), ["8080>80/tcp"]);
        assert_eq!(shown("53:53/udp").unwrap(), ["53>53/udp"]);
        assert_eq!(shown("8000-8001:80-81").unwrap(), ["8000>80/tcp", "8001>81/tcp"]);
        assert_eq!(shown("80-81").unwrap(), ["0>80/tcp", "0>81/tcp"]);
        let at = |text| parse_ports(text).unwrap()[0].address;
        assert_eq!(at("127.0.0.1:8080:80"), Some(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(at("[::1]:8080:80"), Some(Ipv6Addr::LOCALHOST.into()));
        assert_eq!(
            (at("[::]:8080:80"), shown("[fd00::1]:8080:80-80/udp").unwrap()),
            (None, vec!["8080>80/udp".to_owned()])
        );
        assert_eq!((at("0.0.0.0:8080:80"), at("8080:80")), (None, None));
        assert_eq!(shown("127.0.0.1::80").unwrap(), ["0>80/tcp"]);
        for bad in [
            "",
            "0",
            "x:80",
            "80:x",
            "1-2:1-3",
            "2-1:2-1",
            "127.0.0:80:80",
            "80/sctp",
            "70000",
            "+80",
            "[::1]:80",
            "[::1:80:80",
            "::1:80:80",
            "[]:80:80",
        ] {
            assert!(shown(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]0-9:/tcpud-]{0,20}") {
            let _ = parse_ports(&text);
        }
    }
}
