use skep_rest::{PortConfig, PortSummary};

/// A service's published ports: `*:8080->80/tcp`, neighbours joined.
pub(crate) fn service_ports(ports: &[PortConfig]) -> String {
    let ingress = ports.iter().filter(|port| port.publish_mode != "host");
    joined(ingress)
}

/// A task's own ports on its node, in the same form.
pub(crate) fn task_ports(ports: &[PortConfig]) -> String {
    joined(ports.iter())
}

/// An address before a port: `any` when it is empty, in brackets when it has colons itself.
pub(crate) fn shown_address(address: &str, any: &str) -> String {
    match address {
        "" => any.to_owned(),
        address if address.contains(':') => format!("[{address}]"),
        address => address.to_owned(),
    }
}

fn joined<'a>(ports: impl Iterator<Item = &'a PortConfig>) -> String {
    let place = |port: &'a PortConfig| {
        let protocol = if port.protocol.is_empty() { "tcp" } else { port.protocol.as_str() };
        let address = shown_address(&port.host_ip, "*");
        ((address, protocol), port.published_port, port.target_port)
    };
    let mut sorted: Vec<_> = ports.map(place).collect();
    sorted.sort_unstable_by(|(one, published, target), (other, of_other, behind)| {
        (published, target, one).cmp(&(of_other, behind, other))
    });
    let mut ranges: Vec<((String, &str), u16, u16, u16)> = Vec::new();
    for (kind, published, target) in sorted {
        match ranges.last_mut() {
            Some((same, first, inner, length))
                if *same == kind
                    && u32::from(*first) + u32::from(*length) == u32::from(published)
                    && u32::from(*inner) + u32::from(*length) == u32::from(target) =>
            {
                *length += 1;
            }
            _ => ranges.push((kind, published, target, 1)),
        }
    }
    let shown = ranges.iter().map(|((address, protocol), published, target, length)| {
        let (published, target, length) = (*published, *target, *length);
        format!("{address}:{}->{}/{protocol}", span(published, length), span(target, length))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn span(first: u16, length: u16) -> String {
    if length == 1 { first.to_string() } else { format!("{first}-{}", first.saturating_add(length - 1)) }
}

/// A container's ports: `0.0.0.0:8080->80/tcp`, or `80/tcp` when it is not published.
pub(crate) fn container_ports(ports: &[PortSummary]) -> String {
    let shown = ports.iter().map(|port| match port.public_port {
        Some(public) => format!("{}:{public}->{}/{}", port.ip, port.private_port, port.kind),
        None => format!("{}/{}", port.private_port, port.kind),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(published_port: u16, target_port: u16, protocol: &str) -> PortConfig {
        PortConfig { published_port, target_port, protocol: protocol.into(), ..PortConfig::default() }
    }

    #[test]
    fn neighbours_are_joined() {
        assert_eq!(service_ports(&[port(8080, 80, "tcp")]), "*:8080->80/tcp");
        assert_eq!(
            service_ports(&[port(8001, 81, "tcp"), port(8000, 80, "tcp"), port(53, 53, "udp")]),
            "*:53->53/udp, *:8000-8001->80-81/tcp"
        );
        let mut host = PortConfig { publish_mode: "host".into(), ..port(80, 80, "tcp") };
        assert_eq!(
            (service_ports(&[host.clone()]), task_ports(&[host.clone()]).as_str()),
            (String::new(), "*:80->80/tcp")
        );
        host.host_ip = "127.0.0.1".into();
        assert_eq!(task_ports(&[host]), "127.0.0.1:80->80/tcp");
        assert_eq!(service_ports(&[port(1, 1, "tcp"), port(2, 9, "tcp")]), "*:1->1/tcp, *:2->9/tcp");
        assert_eq!(
            service_ports(&[port(65535, 65535, ""), port(65534, 65534, "")]),
            "*:65534-65535->65534-65535/tcp"
        );
    }
}
