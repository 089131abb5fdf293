//! Published ports that are taken.

use skep_model::{ServiceId, ServiceSpec};
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
        for port in taken.filter(|port| port.published != 0) {
            let same = |wanted: &&skep_model::PortConfig| {
                wanted.published == port.published && wanted.protocol == port.protocol
            };
            if let Some(wanted) = spec.endpoint.ports.iter().find(same) {
                return Err(ControlError::Precondition(format!(
                    "port '{}' is already in use by service '{}' ({}) as an ingress port: publish service '{}' on \
                     another port",
                    wanted.published, service.spec.name, service.id, spec.name
                )));
            }
        }
    }
    Ok(())
}
