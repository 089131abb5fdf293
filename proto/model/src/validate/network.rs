use std::fmt::Display;
use std::net::Ipv4Addr;

use super::network6::validate_ipv6;
use crate::{Invalid, Network, NetworkSpec, Subnet, limits, validate_name};

/// Checks a network's spec.
///
/// # Errors
/// The first field that is wrong, and what to change.
pub fn validate_network(spec: &NetworkSpec) -> Result<(), Invalid> {
    validate_name("name", &spec.name)?;
    if spec.attachable && spec.ingress {
        return Err(Invalid::new("attachable", "the ingress network cannot be attachable"));
    }
    validate_ipv6(spec)?;
    let Some(subnet) = spec.subnet else {
        return match (spec.ip_range, spec.gateway) {
            (None, None) => Ok(()),
            _ => Err(Invalid::new("subnet", "every ip-range or gateway must have a corresponding subnet")),
        };
    };
    validate_subnet(subnet)?;
    spec.ip_range.map_or(Ok(()), |range| validate_range(subnet, range))?;
    spec.gateway.map_or(Ok(()), |gateway| validate_gateway(subnet, gateway))
}

/// Checks that a network shares no address with others.
///
/// # Errors
/// With the name of the first one that it overlaps.
pub fn validate_no_overlap<'a>(
    spec: &NetworkSpec,
    others: impl IntoIterator<Item = &'a Network>,
) -> Result<(), Invalid> {
    for other in others {
        let of_other = other.subnet.or(other.spec.subnet);
        if let Some((subnet, taken)) = spec.subnet.zip(of_other).filter(|(one, other)| one.overlaps(*other)) {
            return Err(overlap(&subnet, &taken, &other.spec.name));
        }
        let of_other = other.subnet6.or(other.spec.subnet6);
        if let Some((subnet, taken)) = spec.subnet6.zip(of_other).filter(|(one, other)| one.overlaps(*other))
        {
            return Err(overlap(&subnet, &taken, &other.spec.name));
        }
    }
    Ok(())
}

fn overlap(subnet: &dyn Display, taken: &dyn Display, other: &str) -> Invalid {
    let reason = format!(
        "Pool overlaps with other one on this address space: {subnet} shares addresses with {taken} of network {other}; \
         choose another subnet, or none to be given a free one"
    );
    Invalid::new("subnet", reason)
}

fn validate_subnet(subnet: Subnet) -> Result<(), Invalid> {
    let (min, max) = (limits::SUBNET_PREFIX_BITS_MIN, limits::SUBNET_PREFIX_BITS_MAX);
    if !(min..=max).contains(&subnet.prefix_bits) {
        return Err(Invalid::new(
            "subnet",
            format!("/{} is not between /{min} and /{max}", subnet.prefix_bits),
        ));
    }
    if subnet.overlaps(limits::LOCAL_SUBNET) {
        let reason = format!(
            "{subnet} shares addresses with {}, which every node gives to its containers that are on no network; choose another",
            limits::LOCAL_SUBNET
        );
        return Err(Invalid::new("subnet", reason));
    }
    no_host_part("subnet", subnet)
}

fn validate_range(subnet: Subnet, range: Subnet) -> Result<(), Invalid> {
    no_host_part("ip-range", range)?;
    if range.prefix_bits > 32 || range.prefix_bits < subnet.prefix_bits || !subnet.contains(range.address) {
        return Err(Invalid::new(
            "ip-range",
            format!("no matching subnet for range {range}: it is not within {subnet}"),
        ));
    }
    Ok(())
}

fn validate_gateway(subnet: Subnet, gateway: Ipv4Addr) -> Result<(), Invalid> {
    let part = gateway.to_bits() & !subnet.mask();
    match subnet.host(part) {
        Some(address) if address == gateway => Ok(()),
        Some(_) => Err(Invalid::new(
            "gateway",
            format!("no matching subnet for gateway {gateway}: it is not within {subnet}"),
        )),
        None => Err(Invalid::new(
            "gateway",
            format!("{gateway} is the first or last address of {subnet}, no host's"),
        )),
    }
}

fn no_host_part(path: &str, subnet: Subnet) -> Result<(), Invalid> {
    if !subnet.host_bits_set() {
        return Ok(());
    }
    let clear = Subnet { address: (subnet.address.to_bits() & subnet.mask()).into(), ..subnet };
    Err(Invalid::new(path, format!("{subnet} has host bits set: write {clear}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Meta, NetworkId};

    fn spec(subnet: &str, range: &str, gateway: &str) -> NetworkSpec {
        NetworkSpec {
            name: "app".into(),
            subnet: subnet.parse().ok(),
            ip_range: range.parse().ok(),
            gateway: gateway.parse().ok(),
            ..NetworkSpec::default()
        }
    }

    fn reason(subnet: &str, range: &str, gateway: &str) -> String {
        validate_network(&spec(subnet, range, gateway))
            .map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn what_fits_is_taken() {
        for (subnet, range, gateway) in [
            ("", "", ""),
            ("10.5.0.0/29", "", ""),
            ("10.0.0.0/8", "", "10.255.255.254"),
            ("10.5.0.0/16", "10.5.9.0/24", "10.5.0.1"),
            ("10.5.0.0/24", "10.5.0.0/24", "10.5.0.254"),
            ("10.5.0.0/24", "10.5.0.7/32", ""),
        ] {
            assert_eq!(reason(subnet, range, gateway), "", "{subnet} {range} {gateway}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_reason() {
        for (subnet, range, gateway, wanted) in [
            ("10.0.0.0/7", "", "", "subnet: /7 is not between /8 and /29"),
            ("10.5.0.0/30", "", "", "subnet: /30 is not between /8 and /29"),
            ("10.5.0.3/24", "", "", "subnet: 10.5.0.3/24 has host bits set: write 10.5.0.0/24"),
            ("", "10.5.0.0/24", "", "subnet: every ip-range or gateway must have a corresponding subnet"),
            ("", "", "10.5.0.1", "subnet: every ip-range or gateway must have a corresponding subnet"),
            ("10.5.0.0/24", "10.6.0.0/25", "", "ip-range: no matching subnet for range 10.6.0.0/25"),
            ("10.5.0.0/24", "10.5.0.0/16", "", "ip-range: no matching subnet for range 10.5.0.0/16"),
            ("10.5.0.0/24", "10.5.0.9/28", "", "ip-range: 10.5.0.9/28 has host bits set: write 10.5.0.0/28"),
            ("10.5.0.0/24", "", "10.6.0.1", "gateway: no matching subnet for gateway 10.6.0.1"),
            ("10.5.0.0/24", "", "10.5.0.0", "gateway: 10.5.0.0 is the first or last address"),
            ("10.5.0.0/24", "", "10.5.0.255", "gateway: 10.5.0.255 is the first or last address"),
        ] {
            let told = reason(subnet, range, gateway);
            assert!(told.starts_with(wanted), "{subnet} {range} {gateway}: {told}");
        }
        let ingress = NetworkSpec { attachable: true, ingress: true, ..spec("", "", "") };
        assert_eq!(validate_network(&ingress).map_err(|error| error.path), Err("attachable".into()));
    }

    #[test]
    fn an_overlap_names_the_other_network() {
        let network = |name: &str, subnet: Option<&str>, asked: &str| Network {
            id: NetworkId::new(1),
            meta: Meta::default(),
            spec: NetworkSpec { name: name.into(), ..spec(asked, "", "") },
            subnet: subnet.and_then(|text| text.parse().ok()),
            subnet6: None,
            address_cursor: 0,
            removing: false,
        };
        let others = [network("one", Some("10.1.0.0/16"), ""), network("new", None, "10.2.0.0/24")];
        let told =
            |subnet: &str| validate_no_overlap(&spec(subnet, "", ""), &others).map_err(|error| error.reason);
        assert_eq!(told("10.3.0.0/24"), Ok(()));
        assert_eq!(told(""), Ok(()));
        assert!(told("10.1.7.0/24").unwrap_err().contains("10.1.0.0/16 of network one"));
        assert!(told("10.0.0.0/8").unwrap_err().contains("network one"));
        assert!(told("10.2.0.0/25").unwrap_err().contains("10.2.0.0/24 of network new"));
    }
}
