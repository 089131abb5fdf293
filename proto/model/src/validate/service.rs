use std::net::IpAddr;

use super::container::validate_container;
use crate::{
    Balance, Constraint, EndpointMode, EndpointSpec, Invalid, LogFiles, Placement, PortConfig, Resources,
    RestartCondition, ServiceMode, ServiceSpec, Subject, limits, validate_name,
};

/// Checks a service's spec.
///
/// # Errors
/// The first field that is wrong, and what to change.
pub fn validate_service(spec: &ServiceSpec) -> Result<(), Invalid> {
    validate_name("name", &spec.name)?;
    let container = validate_container(&spec.task.container, Some(&spec.labels));
    container.map_err(|error| error.within("task.container"))?;
    if let Some(driver) = &spec.task.log_driver {
        LogFiles::of(driver).map_err(|error| error.within("task.log_driver"))?;
    }
    validate_resources(&spec.task.resources).map_err(|error| error.within("task.resources"))?;
    validate_mode(spec)?;
    validate_placement(&spec.task.placement).map_err(|error| error.within("task.placement"))?;
    Balance::of(&spec.labels)?;
    validate_endpoint(&spec.endpoint).map_err(|error| error.within("endpoint"))
}

/// Checks how many tasks are asked for, and that nothing is said of a job that is none of its kind.
fn validate_mode(spec: &ServiceSpec) -> Result<(), Invalid> {
    let (replicas, at_a_time) = match spec.mode {
        ServiceMode::Replicated { replicas } => (replicas, 0),
        ServiceMode::ReplicatedJob { max_concurrent, total_completions } => {
            (total_completions, max_concurrent)
        }
        ServiceMode::Global | ServiceMode::GlobalJob => (0, 0),
    };
    if replicas.max(at_a_time) > limits::REPLICAS_MAX {
        let most = limits::REPLICAS_MAX;
        let reason =
            format!("{} is more than the most that a service can have, {most}", replicas.max(at_a_time));
        return Err(Invalid::new("replicas", reason));
    }
    if spec.mode.is_job() && (spec.update.is_some() || spec.rollback.is_some()) {
        let reason = "a job is not updated in steps: each change of its tasks runs all of it again";
        return Err(Invalid::new(if spec.update.is_some() { "update" } else { "rollback" }, reason));
    }
    if spec.mode.is_job() && spec.task.restart.condition == RestartCondition::Any {
        let reason = "a job's tasks are to end: the restart condition is on-failure or none";
        return Err(Invalid::new("task.restart.condition", reason));
    }
    if spec.mode.is_global() && spec.task.placement.max_replicas_per_node != 0 {
        let reason = "a global service has one task on each node";
        return Err(Invalid::new("task.placement.max_replicas_per_node", reason));
    }
    Ok(())
}

fn validate_placement(placement: &Placement) -> Result<(), Invalid> {
    for (index, constraint) in placement.constraints.iter().enumerate() {
        constraint
            .parse::<Constraint>()
            .map_err(|error| Invalid { path: format!("constraints[{index}]"), ..error })?;
    }
    for (index, descriptor) in placement.spread.iter().enumerate() {
        if !matches!(Subject::of(descriptor), Subject::NodeLabel(_) | Subject::EngineLabel(_)) {
            let reason = format!("'{descriptor}' is neither node.labels.NAME nor engine.labels.NAME");
            return Err(Invalid::new(format!("spread[{index}]"), reason));
        }
    }
    Ok(())
}

pub(super) fn validate_resources(resources: &Resources) -> Result<(), Invalid> {
    let amounts = [
        ("limits", resources.limits.nano_cpus, resources.limits.memory_bytes),
        ("reservations", resources.reservations.nano_cpus, resources.reservations.memory_bytes),
    ];
    for (path, nano_cpus, memory_bytes) in amounts {
        if nano_cpus != 0 && nano_cpus < limits::NANO_CPUS_MIN {
            return Err(Invalid::new(format!("{path}.nano_cpus"), "less than 0.001 CPUs".to_owned()));
        }
        if memory_bytes != 0 && memory_bytes < limits::MEMORY_BYTES_MIN {
            return Err(Invalid::new(format!("{path}.memory_bytes"), "less than 4 MiB".to_owned()));
        }
    }
    let reserved = &resources.reservations;
    let limit = &resources.limits;
    if limit.memory_bytes != 0 && reserved.memory_bytes > limit.memory_bytes {
        return Err(Invalid::new("reservations.memory_bytes", "more than the limit".to_owned()));
    }
    if limit.nano_cpus != 0 && reserved.nano_cpus > limit.nano_cpus {
        return Err(Invalid::new("reservations.nano_cpus", "more than the limit".to_owned()));
    }
    Ok(())
}

fn validate_endpoint(endpoint: &EndpointSpec) -> Result<(), Invalid> {
    if endpoint.mode == EndpointMode::Dnsrr && endpoint.ingress_ports().next().is_some() {
        let reason = "ports cannot be published on every node with endpoint mode dnsrr, which does not balance: publish them with \
                      mode host, or use endpoint mode vip";
        return Err(Invalid::new("ports", reason));
    }
    validate_ports(&endpoint.ports)
}

/// Checks published ports, each alone and against each other.
pub(super) fn validate_ports(ports: &[PortConfig]) -> Result<(), Invalid> {
    for (index, port) in ports.iter().enumerate() {
        if port.target == 0 {
            return Err(Invalid::new(format!("ports[{index}].target"), "a port is 1 to 65535"));
        }
        if port.address.is_some_and(|address| !is_a_nodes(address)) {
            let reason = "this is no address of a node; leave it out to publish on all of them";
            return Err(Invalid::new(format!("ports[{index}].address"), reason));
        }
        if ports.iter().take(index).any(|before| before.clashes(port)) {
            let reason = format!("{}/{} is published twice", port.published, port.protocol);
            return Err(Invalid::new(format!("ports[{index}].published"), reason));
        }
    }
    Ok(())
}

/// Whether a node may have the address among others, and there is one way only to write it. One that is link-local may be on
/// several links, and is nobody's without one.
fn is_a_nodes(address: IpAddr) -> bool {
    let linked = matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
    !address.is_unspecified() && !address.is_multicast() && !linked && address == address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PortMode, Protocol};

    fn spec() -> ServiceSpec {
        let mut spec = ServiceSpec { name: "web".into(), ..ServiceSpec::default() };
        spec.task.container.image = "nginx:1".into();
        spec
    }

    #[test]
    fn a_small_spec_is_fine() {
        assert_eq!(validate_service(&spec()), Ok(()));
    }

    #[test]
    fn each_problem_names_its_field() {
        let mut bad = spec();
        bad.task.container.image.clear();
        assert_eq!(validate_service(&bad).unwrap_err().path, "task.container.image");

        let mut bad = spec();
        bad.task.resources.limits.memory_bytes = 1;
        assert_eq!(validate_service(&bad).unwrap_err().path, "task.resources.limits.memory_bytes");

        let mut bad = spec();
        let port = PortConfig {
            protocol: Protocol::Tcp,
            target: 80,
            published: 80,
            mode: PortMode::Ingress,
            address: None,
        };
        let at = |last| PortConfig { address: Some([127, 0, 0, last].into()), ..port };
        bad.endpoint.ports = vec![at(1), at(2), port];
        assert_eq!(validate_service(&bad).unwrap_err().path, "endpoint.ports[2].published");
        bad.endpoint.ports.pop();
        assert_eq!(validate_service(&bad), Ok(()), "two addresses may each have the port");
        for (address, good) in [
            ("::1", true),
            ("fd00::1", true),
            ("::", false),
            ("0.0.0.0", false),
            ("ff02::1", false),
            ("fe80::1", false),
            ("::ffff:10.0.0.1", false),
        ] {
            let address = address.parse().ok();
            bad.endpoint.ports = vec![at(1), PortConfig { address, ..port }];
            assert_eq!(validate_service(&bad).is_ok(), good, "{address:?}");
        }
        bad.endpoint.ports = vec![at(1)];

        bad.endpoint.mode = EndpointMode::Dnsrr;
        assert_eq!(validate_service(&bad).unwrap_err().path, "endpoint.ports");
        bad.endpoint.ports = vec![PortConfig { mode: PortMode::Host, ..port }];
        assert_eq!(validate_service(&bad), Ok(()));

        bad.task.container.environment = vec!["A={{.Task.Nam}}".into()];
        let told = validate_service(&bad).unwrap_err().to_string();
        assert_eq!(told, "task.container.environment[0]: template: there is no .Task.Nam");
        bad.task.container.environment = vec!["A={{.Task.Name}}".into()];
        bad.task.container.hostname = "{{.Service.Name}}-{{.Task.Slot}}".into();
        assert_eq!(validate_service(&bad), Ok(()));

        bad.labels.insert(crate::BALANCE_LABEL.into(), "x".into());
        assert_eq!(validate_service(&bad).unwrap_err().path, "labels.skep.balance");
    }
}
