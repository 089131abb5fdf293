use std::collections::BTreeSet;

use super::container::validate_container;
use super::service::{validate_ports, validate_resources};
use crate::{Invalid, PlainNetwork, PlainSpec, PortMode, limits};

/// Checks what a plain container is to be.
///
/// # Errors
/// The first field that is wrong, and what to change.
pub fn validate_plain(spec: &PlainSpec) -> Result<(), Invalid> {
    validate_container(&spec.container, None)?;
    validate_resources(&spec.resources).map_err(|error| error.within("resources"))?;
    validate_ports(&spec.ports)?;
    if spec.ports.iter().any(|port| port.mode == PortMode::Ingress) {
        return Err(Invalid::new(
            "ports",
            "a single container publishes on its own node alone, with mode host",
        ));
    }
    validate_plain_network(spec)
}

fn validate_plain_network(spec: &PlainSpec) -> Result<(), Invalid> {
    let places = match &spec.network {
        PlainNetwork::None | PlainNetwork::Host if !spec.ports.is_empty() => {
            let reason = "a container on the network none or host has no address that a port could lead to: leave the \
                          ports or the network out";
            return Err(Invalid::new("ports", reason));
        }
        PlainNetwork::Bridge if spec.ports.iter().any(|port| port.address.is_some_and(|at| at.is_ipv6())) => {
            let reason = "an IPv6 address leads to no container without a network of the swarm, which has IPv4 alone: name a \
                          network that has IPv6";
            return Err(Invalid::new("ports", reason));
        }
        PlainNetwork::None | PlainNetwork::Host | PlainNetwork::Bridge => return Ok(()),
        PlainNetwork::Swarm(places) => places,
    };
    let mut seen = BTreeSet::new();
    for place in places {
        if !seen.insert(&place.network) {
            return Err(Invalid::new("networks", format!("{} is named twice", place.network)));
        }
        place.aliases.iter().try_for_each(|alias| validate_container_name("aliases", alias))?;
    }
    Ok(())
}

/// Checks the name of a plain container, in Docker's words.
///
/// # Errors
/// With `path` and what to change.
pub fn validate_container_name(path: &str, name: &str) -> Result<(), Invalid> {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let begins = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if begins && name.len() >= 2 && name.len() <= limits::NAME_BYTES_MAX && name.chars().all(inner) {
        return Ok(());
    }
    let reason = format!(
        "Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, 2 to {} of them",
        limits::NAME_BYTES_MAX
    );
    Err(Invalid::new(path, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ContainerSpec, PlainPlace, PortConfig, Protocol};

    fn spec() -> PlainSpec {
        let container = ContainerSpec { image: "web:1".into(), ..ContainerSpec::default() };
        PlainSpec { container, ..PlainSpec::default() }
    }

    #[test]
    fn names_are_dockers() {
        for good in ["db", "my_app.1", "A-b"] {
            assert!(validate_container_name("name", good).is_ok(), "{good}");
        }
        for bad in ["", "a", "-ab", "a b", "a/b", "ä1", &"x".repeat(limits::NAME_BYTES_MAX + 1)] {
            assert!(validate_container_name("name", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_cannot_work_is_refused() {
        assert!(validate_plain(&spec()).is_ok());
        let port =
            |mode| PortConfig { protocol: Protocol::Tcp, target: 80, published: 0, mode, address: None };
        let with_port = |mode, network| PlainSpec { ports: vec![port(mode)], network, ..spec() };
        assert!(validate_plain(&with_port(PortMode::Host, PlainNetwork::Bridge)).is_ok());
        assert!(validate_plain(&with_port(PortMode::Ingress, PlainNetwork::Bridge)).is_err());
        assert!(validate_plain(&with_port(PortMode::Host, PlainNetwork::None)).is_err());
        let mut at_ipv6 = with_port(PortMode::Host, PlainNetwork::Bridge);
        at_ipv6.ports[0].address = Some(std::net::Ipv6Addr::LOCALHOST.into());
        assert!(validate_plain(&at_ipv6).unwrap_err().to_string().contains("has IPv4 alone"));
        let place = |aliases: &[&str]| PlainPlace {
            network: "net".into(),
            aliases: aliases.iter().map(ToString::to_string).collect(),
        };
        let on = |places| PlainSpec { network: PlainNetwork::Swarm(places), ..spec() };
        assert!(validate_plain(&on(vec![place(&["db"])])).is_ok());
        assert!(validate_plain(&on(vec![place(&["d b"])])).is_err());
        let twice = validate_plain(&on(vec![place(&[]), place(&[])])).unwrap_err();
        assert_eq!(twice.to_string(), "networks: net is named twice");
    }
}
