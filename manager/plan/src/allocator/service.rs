//! Virtual addresses and published ports of services.

use std::net::Ipv4Addr;
use std::sync::Arc;

use skep_model::{Change, EndpointMode, NetworkId, Object, Service, ServiceEndpoint};
use skep_store::View;

use super::addresses::Addresses;
use super::ports::Ports;
use crate::reconciler::Plan;

pub(super) fn plan(view: &View, addresses: &mut Addresses<'_>, plan: &mut Plan) {
    let stale = |service: &&Arc<Service>| service.endpoint.spec_version != service.spec_version;
    let mut services = view.services().filter(stale).peekable();
    if services.peek().is_none() {
        return;
    }
    let mut ports = Ports::new(view);
    for service in services {
        let endpoint = allocate(service, addresses, &mut ports);
        let allocated = Service { endpoint, ..Service::clone(service) };
        plan.group([Change::Update(Object::Service(Arc::new(allocated)))]);
    }
}

fn allocate(service: &Service, addresses: &mut Addresses<'_>, ports: &mut Ports) -> ServiceEndpoint {
    let mut endpoint = ServiceEndpoint { spec_version: service.spec_version, ..ServiceEndpoint::default() };
    match ports.assign(service) {
        Ok(ports) => endpoint.ports = ports,
        Err(reason) => endpoint.error = reason,
    }
    if service.spec.endpoint.mode == EndpointMode::Dnsrr {
        return endpoint;
    }
    for network in service.spec.task.networks.iter().filter_map(|attachment| attachment.target.id()) {
        match vip(service, network, addresses) {
            Some(address) => endpoint.vips.push((network, address)),
            None => endpoint.error = no_address(network, addresses),
        }
    }
    endpoint
}

fn vip(service: &Service, network: NetworkId, addresses: &mut Addresses<'_>) -> Option<Ipv4Addr> {
    let before = service.endpoint.vips.iter().find(|vip| vip.0 == network).map(|vip| vip.1);
    before.or_else(|| addresses.take(network))
}

/// The text for a network that has run out.
pub(super) fn no_address(network: NetworkId, addresses: &Addresses<'_>) -> String {
    let name = addresses.network(network).map_or("that was removed", |network| &network.spec.name);
    format!("the network {name} has no free address: give it a larger subnet")
}
