//! Published ports that are taken.

use skep_model::{PortConfig, PortMode, ServiceId, ServiceSpec};
use skep_store::View;

use super::ControlError;

/// Refuses a spec that publishes a port which another service publishes.
pub(super) fn check_ports(
    view: &View,
    own: Option<ServiceId>,
    spec: &ServiceSpec,
) -> Result<(), ControlError> {
    for service in view.services().filter(|service| Some(service.id) != own) {
        let taken = service.endpoint.ports.iter().chain(&service.spec.endpoint.ports);
        for port in taken {
            // Two services may have one port in host mode: their tasks keep to different nodes.
            let both_host =
                |wanted: &PortConfig| wanted.mode == PortMode::Host && port.mode == PortMode::Host;
            let clash = |wanted: &&PortConfig| wanted.clashes(port) && !both_host(wanted);
            if let Some(wanted) = spec.endpoint.ports.iter().find(clash) {
                let mode = if port.mode == PortMode::Host { "a host-published" } else { "an ingress" };
                return Err(ControlError::Precondition(format!(
                    "port '{}' is already in use by service '{}' ({}) as {mode} port: publish service '{}' on another port",
                    wanted.published, service.spec.name, service.id, spec.name
                )));
            }
        }
    }
    Ok(())
}
