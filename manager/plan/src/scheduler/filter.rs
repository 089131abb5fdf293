//! What a node must have to get a task.

use skep_model::{Availability, Node, NodeState, PortConfig, Reservations, ServiceSpec};

/// Why a node does not get a task; the first that applies counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// It is not ready, or takes no new tasks.
    NotAvailable,
    /// Its free CPUs or memory are less than what the task reserves.
    Resources,
    /// Another task there has a port that the task publishes in host mode.
    HostPort,
}

/// What a task takes of its node.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    pub(super) reserved: Reservations,
    /// Its ports in host mode.
    pub(super) ports: Vec<PortConfig>,
}

/// What is left of a node.
#[derive(Clone, Debug)]
pub(super) struct Free {
    pub(super) resources: Reservations,
    /// The ports in host mode that are taken.
    pub(super) ports: Vec<PortConfig>,
}

impl Needs {
    pub(super) fn of(spec: &ServiceSpec) -> Self {
        let ports = spec.endpoint.host_ports().filter(|port| port.published != 0).copied();
        Self { reserved: spec.task.resources.reservations.clone(), ports: ports.collect() }
    }
}

impl Free {
    pub(super) fn take(&mut self, needs: &Needs) {
        let (resources, reserved) = (&mut self.resources, &needs.reserved);
        resources.nano_cpus = resources.nano_cpus.saturating_sub(reserved.nano_cpus);
        resources.memory_bytes = resources.memory_bytes.saturating_sub(reserved.memory_bytes);
        self.ports.extend(&needs.ports);
    }
}

/// The first reason against the node; none when it fits.
pub(super) fn against(node: &Node, free: &Free, needs: &Needs) -> Option<Cause> {
    if node.status.state != NodeState::Ready || node.spec.availability != Availability::Active {
        return Some(Cause::NotAvailable);
    }
    let (left, wanted) = (&free.resources, &needs.reserved);
    if wanted.nano_cpus > left.nano_cpus || wanted.memory_bytes > left.memory_bytes {
        return Some(Cause::Resources);
    }
    if needs.ports.iter().any(|port| free.ports.iter().any(|taken| taken.clashes(port))) {
        return Some(Cause::HostPort);
    }
    None
}
