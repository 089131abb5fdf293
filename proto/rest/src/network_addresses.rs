//! The addresses that a network asks for.

use skep_model::{NetworkSpec, Subnet, Subnet6};

use crate::{Ipam, IpamConfig, Unsupported};

/// What a spec asks for, in Docker's shape.
pub(crate) fn asked(spec: &NetworkSpec) -> Vec<IpamConfig> {
    let text = |value: Option<String>| value.unwrap_or_default();
    let ipv4 = spec.subnet.map(|subnet| IpamConfig {
        subnet: subnet.to_string(),
        ip_range: text(spec.ip_range.map(|range| range.to_string())),
        gateway: text(spec.gateway.map(|gateway| gateway.to_string())),
        auxiliary_addresses: None,
    });
    let ipv6 = spec.subnet6.map(|subnet| IpamConfig { subnet: subnet.to_string(), ..IpamConfig::default() });
    ipv4.into_iter().chain(ipv6).collect()
}

/// Reads the subnets and what is said of them.
pub(crate) fn addresses(ipam: Ipam, spec: &mut NetworkSpec) -> Result<(), Unsupported> {
    if !matches!(ipam.driver.as_str(), "" | "default") {
        let reason = format!("'{}' is not known; use default", ipam.driver);
        return Err(Unsupported::value("IPAM.Driver", reason));
    }
    if let Some(key) = ipam.options.unwrap_or_default().keys().next() {
        return Err(Unsupported::value(
            "IPAM.Options",
            format!("'{key}': the driver default has no options"),
        ));
    }
    let of_ipv6 = |config: &IpamConfig| [&config.subnet, &config.gateway].iter().any(|it| it.contains(':'));
    let (six, four): (Vec<_>, Vec<_>) = ipam.config.unwrap_or_default().into_iter().partition(of_ipv6);
    for (family, config) in [("IPv4", &four), ("IPv6", &six)] {
        if config.len() > 1 {
            let count = config.len();
            let reason = format!("a network of Skep has one {family} subnet, not {count}; give a larger one");
            return Err(Unsupported::value("IPAM.Config", reason));
        }
    }
    if four
        .iter()
        .chain(&six)
        .any(|config| config.auxiliary_addresses.as_ref().is_some_and(|it| !it.is_empty()))
    {
        let reason = "addresses are not kept aside one by one; leave them out with an ip-range";
        return Err(Unsupported::value("IPAM.Config.AuxiliaryAddresses", reason));
    }
    four.iter().try_for_each(|config| ipv4(config, spec))?;
    six.iter().try_for_each(|config| ipv6(config, spec))
}

fn ipv4(config: &IpamConfig, spec: &mut NetworkSpec) -> Result<(), Unsupported> {
    let read = |field: &str, text: &str| match text {
        "" => Ok(None),
        text => text.parse::<Subnet>().map(Some).map_err(|error| Unsupported::value(field, error.reason)),
    };
    spec.subnet = read("IPAM.Config.Subnet", &config.subnet)?;
    spec.ip_range = read("IPAM.Config.IPRange", &config.ip_range)?;
    spec.gateway = match config.gateway.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| {
            Unsupported::value("IPAM.Config.Gateway", format!("'{text}' is not an IPv4 address"))
        })?),
    };
    Ok(())
}

/// Nothing but the subnet can be chosen: each IPv6 address follows from an IPv4 one.
fn ipv6(config: &IpamConfig, spec: &mut NetworkSpec) -> Result<(), Unsupported> {
    for (field, text) in [("IPAM.Config.IPRange", &config.ip_range), ("IPAM.Config.Gateway", &config.gateway)]
    {
        if !text.is_empty() {
            let reason = format!(
                "{text} cannot be chosen: each IPv6 address follows from an IPv4 one; leave it out, or choose it for IPv4"
            );
            return Err(Unsupported::value(field, reason));
        }
    }
    let subnet = config.subnet.parse::<Subnet6>();
    spec.subnet6 = Some(subnet.map_err(|error| Unsupported::value("IPAM.Config.Subnet", error.reason))?);
    Ok(())
}
