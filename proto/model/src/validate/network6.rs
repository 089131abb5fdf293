use crate::{ClusterId, Invalid, NetworkSpec, Subnet6, limits};

/// Networks' addresses are global or unique local ones, none that the kernel treats in a way of its own.
const UNICAST: [(u128, u8); 2] = [(0xfc << 120, 7), (0x20 << 120, 3)];

/// Checks the IPv6 part of a network's spec, as far as it can be told without the swarm.
///
/// # Errors
/// The first field that is wrong, and what to change.
pub(super) fn validate_ipv6(spec: &NetworkSpec) -> Result<(), Invalid> {
    let Some(subnet) = spec.subnet6 else { return Ok(()) };
    let refused = |reason: String| Err(Invalid::new("subnet", reason));
    if !spec.ipv6 {
        return refused(format!("{subnet} is an IPv6 subnet: enable IPv6 for the network (--ipv6), too"));
    }
    if subnet.host_bits_set() {
        let clear = Subnet6 { address: subnet.first(), ..subnet };
        return refused(format!("{subnet} has host bits set: write {clear}"));
    }
    let within = |(first, bits): (u128, u8)| Subnet6 { address: first.into(), prefix_bits: bits };
    if !UNICAST.iter().any(|part| within(*part).contains(subnet.address)) {
        return refused(format!(
            "{subnet} is not for hosts (multicast, link-local, or reserved): use a part of fd00::/8 or of 2000::/3"
        ));
    }
    let min = limits::SUBNET6_PREFIX_BITS_MIN;
    if subnet.prefix_bits < min {
        return refused(format!("/{} is shorter than /{min}: give a part of it", subnet.prefix_bits));
    }
    spec.subnet.map_or(Ok(()), |ipv4| has_room(subnet, ipv4.prefix_bits))
}

/// Checks the IPv6 subnet that a network asks for against the swarm: its own prefix, from which other networks' subnets are chosen,
/// and the prefix length of the IPv4 subnet that the network will be given (`subnet_prefix_bits`, if it asks for none).
///
/// # Errors
/// With the reason, and what to change.
pub fn validate_ipv6_in_swarm(
    spec: &NetworkSpec,
    cluster: ClusterId,
    subnet_prefix_bits: u8,
) -> Result<(), Invalid> {
    let Some(subnet) = spec.subnet6 else { return Ok(()) };
    let own = Subnet6::of_swarm(cluster);
    if own.overlaps(subnet) {
        let reason = format!(
            "{subnet} shares addresses with the swarm's own prefix {own}: choose another subnet, or none to be given one"
        );
        return Err(Invalid::new("subnet", reason));
    }
    has_room(subnet, spec.subnet.map_or(subnet_prefix_bits, |ipv4| ipv4.prefix_bits))
}

/// Every address of the IPv4 subnet needs one in this.
fn has_room(subnet: Subnet6, ipv4_prefix_bits: u8) -> Result<(), Invalid> {
    let max = Subnet6::prefix_bits_max(ipv4_prefix_bits);
    if subnet.prefix_bits <= max {
        return Ok(());
    }
    let reason = format!(
        "{subnet} is too small: the network's IPv4 subnet is a /{ipv4_prefix_bits}, each of whose addresses has one in it; \
         give at least a /{max}"
    );
    Err(Invalid::new("subnet", reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Meta, Network, NetworkId, validate_network, validate_no_overlap};

    fn spec(subnet6: &str) -> NetworkSpec {
        NetworkSpec {
            name: "app".into(),
            ipv6: true,
            subnet6: subnet6.parse().ok(),
            ..NetworkSpec::default()
        }
    }

    #[test]
    fn what_is_for_hosts_and_large_enough_is_taken() {
        for subnet in ["", "fd00:1::/64", "2001:db8:1::/48", "fd00:1::/120"] {
            assert_eq!(validate_network(&spec(subnet)), Ok(()), "{subnet}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_reason() {
        for (subnet, wanted) in [
            ("ff02::/64", "not for hosts"),
            ("fe80::/64", "not for hosts"),
            ("::/64", "not for hosts"),
            ("::ffff:0:0/96", "not for hosts"),
            ("fd00::1/64", "host bits set: write fd00::/64"),
            ("2000::/16", "/16 is shorter than /32"),
        ] {
            let told = validate_network(&spec(subnet)).unwrap_err().to_string();
            assert!(told.starts_with("subnet: ") && told.contains(wanted), "{subnet}: {told}");
        }
        let off = NetworkSpec { ipv6: false, ..spec("fd00:1::/64") };
        assert!(validate_network(&off).unwrap_err().reason.contains("--ipv6"));
        let small = NetworkSpec { subnet: "10.1.0.0/16".parse().ok(), ..spec("fd00:1::/120") };
        assert!(validate_network(&small).unwrap_err().reason.contains("give at least a /112"));
    }

    #[test]
    fn what_the_swarm_needs_is_refused() {
        let told = |subnet: &str, bits| {
            validate_ipv6_in_swarm(&spec(subnet), ClusterId::new(7), bits).map_err(|error| error.reason)
        };
        assert_eq!(told("", 24), Ok(()));
        assert_eq!(told("fd00:1::/120", 24), Ok(()));
        assert!(told("fd00:1::/120", 16).unwrap_err().contains("is too small"));
        assert!(told("fd00:0:7::/64", 24).unwrap_err().contains("the swarm's own prefix fd00:0:7::/48"));
        assert!(told("fd00::/40", 24).unwrap_err().contains("own prefix"));
    }

    #[test]
    fn an_overlap_names_the_other_network() {
        let network = |name: &str, given: &str, asked: &str| Network {
            id: NetworkId::new(1),
            meta: Meta::default(),
            spec: NetworkSpec { name: name.into(), ..spec(asked) },
            subnet: None,
            subnet6: given.parse().ok(),
            address_cursor: 0,
            removing: false,
        };
        let others = [network("one", "fd00:1::/64", ""), network("new", "", "fd00:2::/64")];
        let told = |subnet: &str| validate_no_overlap(&spec(subnet), &others).map_err(|error| error.reason);
        assert_eq!(told("fd00:3::/64"), Ok(()));
        assert!(told("fd00:1::/120").unwrap_err().contains("fd00:1::/64 of network one"));
        assert!(told("fd00:1::/32").unwrap_err().contains("network one"));
        assert!(told("fd00:2::/64").unwrap_err().contains("network new"));
    }
}
