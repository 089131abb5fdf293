//! Virtual addresses and published ports of services.

use std::sync::Arc;

use skep_model::{Change, EndpointMode, NetworkId, Object, Service, ServiceEndpoint};
use skep_store::View;

use super::addresses::Addresses;
use super::ports::Ports;
use crate::reconciler::Plan;

pub(super) fn plan(view: &View, addresses: &mut Addresses<'_>, plan: &mut Plan) {
    let mut services = view.services().filter(|service| lacks_something(service)).peekable();
    if services.peek().is_none() {
        return;
    }
    let mut ports = Ports::new(view);
    for service in services {
        let endpoint = allocate(service, addresses, &mut ports, plan);
        if endpoint != service.endpoint {
            let allocated = Service { endpoint, ..Service::clone(service) };
            plan.group([Change::Update(Object::Service(Arc::new(allocated)))]);
        }
    }
}

/// Whether its endpoint is that of another spec, or a network had no address for it.
fn lacks_something(service: &Service) -> bool {
    service.endpoint.spec_version != service.spec_version
        || networks(service).any(|network| service.endpoint.vip(network).is_none())
}

/// The networks on which it is to have an address.
fn networks(service: &Service) -> impl Iterator<Item = NetworkId> {
    let attachments = match service.spec.endpoint.mode {
        EndpointMode::Vip => service.spec.task.networks.as_slice(),
        EndpointMode::Dnsrr => &[],
    };
    attachments.iter().filter_map(|attachment| attachment.target.id())
}

fn allocate(
    service: &Service,
    addresses: &mut Addresses<'_>,
    ports: &mut Ports,
    plan: &mut Plan,
) -> ServiceEndpoint {
    let mut endpoint = ServiceEndpoint { spec_version: service.spec_version, ..ServiceEndpoint::default() };
    match ports.assign(service) {
        Ok(ports) => endpoint.ports = ports,
        Err(reason) => endpoint.error = reason,
    }
    for network in networks(service) {
        match service.endpoint.vip(network).map_or_else(|| addresses.take(network), Ok) {
            Ok(address) => endpoint.vips.push((network, address)),
            Err(shortage) => {
                shortage.wake(plan);
                endpoint.error = shortage.text(&addresses.name(network));
            }
        }
    }
    endpoint
}
