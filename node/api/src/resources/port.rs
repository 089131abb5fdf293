//! Published ports that other processes of this host use.

use axum::http::StatusCode;
use skep_model::{PortConfig, ServiceSpec};
use skep_store::View;

use crate::host::Host;
use crate::refusal::Refusal;

/// Refuses ports that no service publishes yet and that this host cannot publish. Ports of other services are the control
/// API's business.
pub(crate) fn check_ports<'a>(
    host: &dyn Host,
    view: &View,
    specs: impl IntoIterator<Item = &'a ServiceSpec>,
) -> Result<(), Refusal> {
    for spec in specs {
        for port in spec.endpoint.ports.iter().filter(|port| port.published != 0 && !is_published(view, port))
        {
            if let Some(reason) = host.port_in_use(port.protocol, port.published) {
                let message = format!(
                    "service '{}' cannot publish port {}/{}: {reason}",
                    spec.name, port.published, port.protocol
                );
                return Err(Refusal::new(StatusCode::CONFLICT, message));
            }
        }
    }
    Ok(())
}

fn is_published(view: &View, wanted: &PortConfig) -> bool {
    view.services().any(|service| {
        let mut ports = service.endpoint.ports.iter().chain(&service.spec.endpoint.ports);
        ports.any(|port| port.published == wanted.published && port.protocol == wanted.protocol)
    })
}
