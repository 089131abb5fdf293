use crate::{Invalid, NetworkSpec, Subnet, validate_name};

/// Checks a network's spec.
///
/// # Errors
/// The first field that is wrong, and what to change.
pub fn validate_network(spec: &NetworkSpec) -> Result<(), Invalid> {
    validate_name("name", &spec.name)?;
    spec.subnet.map_or(Ok(()), validate_subnet)
}

fn validate_subnet(subnet: Subnet) -> Result<(), Invalid> {
    if !(8..=29).contains(&subnet.prefix_bits) {
        return Err(Invalid::new("subnet", format!("/{} is not between /8 and /29", subnet.prefix_bits)));
    }
    if subnet.host_bits_set() {
        return Err(Invalid::new("subnet", format!("{subnet} has host bits set")));
    }
    Ok(())
}
