use skep_model::{PortConfig, PortMode, Protocol};

/// The short form of a published port: `[PUBLISHED:]TARGET[/tcp|udp]`, both sides may be ranges.
pub(crate) fn parse_ports(text: &str) -> Result<Vec<PortConfig>, String> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol: Protocol = protocol.parse().map_err(|error| format!("'{text}': {error}"))?;
    let parts: Vec<&str> = ports.split(':').collect();
    let (published, target) = match parts.as_slice() {
        [target] => (None, *target),
        [published, target] => (Some(*published).filter(|text| !text.is_empty()), *target),
        _ => {
            return Err(format!(
                "'{text}': a host address is not supported, published ports are open on every node: \
                 write PUBLISHED:TARGET"
            ));
        }
    };
    let (first, last) = range(text, target)?;
    let config = |target, published| PortConfig { protocol, target, published, mode: PortMode::Ingress };
    let Some(published) = published else {
        return Ok((first..=last).map(|target| config(target, 0)).collect());
    };
    let (public_first, public_last) = range(text, published)?;
    if public_last - public_first != last - first {
        return Err(format!("'{text}': the two ranges have different lengths"));
    }
    Ok((first..=last)
        .zip(public_first..=public_last)
        .map(|(target, public)| config(target, public))
        .collect())
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
        for bad in
            ["", "0", "x:80", "80:x", "1-2:1-3", "2-1:2-1", "127.0.0.1:80:80", "80/sctp", "70000", "+80"]
        {
            assert!(shown(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9:/tcpud-]{0,20}") {
            let _ = parse_ports(&text);
        }
    }
}
