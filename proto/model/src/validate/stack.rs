use std::collections::BTreeSet;
use std::fmt::Display;

use crate::{
    Invalid, NetworkSpec, StackSpec, validate_name, validate_network, validate_service, validate_stack_name,
};

/// Checks a stack's spec and all that is in it.
///
/// # Errors
/// The first field that is wrong, and what to change.
pub fn validate_stack(spec: &StackSpec) -> Result<(), Invalid> {
    validate_stack_name(&spec.name)?;
    if spec.services.is_empty() {
        return Err(Invalid::new("services", "a stack needs at least one service"));
    }
    let prefix = format!("{}_", spec.name);
    let mut names = BTreeSet::new();
    for service in &spec.services {
        let path = format!("services.{}", service.name.strip_prefix(&prefix).unwrap_or(&service.name));
        validate_service(service).map_err(|error| error.within(&path))?;
        belongs(&prefix, &service.name, &mut names).map_err(|error| error.within(&path))?;
    }
    no_overlap_within(&spec.networks)?;
    names.clear();
    for network in &spec.networks {
        let path = format!("networks.{}", network.name.strip_prefix(&prefix).unwrap_or(&network.name));
        validate_name("name", &network.name).map_err(|error| error.within(&path))?;
        validate_network(network).map_err(|error| error.within(&path))?;
        belongs("", &network.name, &mut names).map_err(|error| error.within(&path))?;
    }
    Ok(())
}

/// Networks of one stack are made at once: none of them is there yet to be compared with.
fn no_overlap_within(networks: &[NetworkSpec]) -> Result<(), Invalid> {
    none_twice(networks.iter().filter_map(|it| Some((&it.name, it.subnet?))), |one, other| {
        one.overlaps(*other)
    })?;
    none_twice(networks.iter().filter_map(|it| Some((&it.name, it.subnet6?))), |one, other| {
        one.overlaps(*other)
    })
}

fn none_twice<'a, T: Display>(
    asked: impl Iterator<Item = (&'a String, T)> + Clone,
    overlap: impl Fn(&T, &T) -> bool,
) -> Result<(), Invalid> {
    for (index, (name, subnet)) in asked.clone().enumerate() {
        if let Some((other, taken)) = asked.clone().take(index).find(|(_, taken)| overlap(taken, &subnet)) {
            let reason =
                format!("{subnet} shares addresses with {taken} of network {other}: choose another subnet");
            return Err(Invalid::new(format!("networks.{name}.subnet"), reason));
        }
    }
    Ok(())
}

fn belongs(prefix: &str, name: &str, names: &mut BTreeSet<String>) -> Result<(), Invalid> {
    if !name.starts_with(prefix) {
        return Err(Invalid::new("name", format!("'{name}' does not start with '{prefix}'")));
    }
    if !names.insert(name.to_owned()) {
        return Err(Invalid::new("name", format!("'{name}' is there twice")));
    }
    Ok(())
}
