//! The endpoint table of a node: what its network must know, computed from a view.

use std::collections::BTreeSet;

use skep_model::{
    Backend, EndpointNetwork, EndpointService, EndpointTable, NetworkId, NodeId, PublishedPort, Service,
    Task, TaskState, Vip,
};
use skep_store::View;

/// Everything that `node` must know about services at this moment.
pub(crate) fn endpoint_table(view: &View, node: NodeId) -> EndpointTable {
    let networks = networks_of(view, node);
    let known = |service: &Service| {
        let attached = service.spec.task.networks.iter().filter_map(|attachment| attachment.target.id());
        !service.endpoint.ports.is_empty() || attached.into_iter().any(|id| networks.contains(&id))
    };
    let services =
        view.services().filter(|service| known(service)).map(|service| endpoint(view, service, node));
    EndpointTable {
        version: view.version(),
        services: services.collect(),
        networks: networks.iter().filter_map(|id| endpoint_network(view, *id)).collect(),
        own: None,
        peers: Vec::new(),
        tunnel_port: 0,
    }
}

/// The networks of the tasks that are (or will be) on the node, and the ingress network.
fn networks_of(view: &View, node: NodeId) -> BTreeSet<NetworkId> {
    let here = view.node_tasks(node).filter(|task| !task.status.state.is_ended());
    let places = here.flat_map(|task| task.networks.iter().map(|place| place.network));
    places.chain(view.ingress().map(|network| network.id)).collect()
}

fn endpoint_network(view: &View, id: NetworkId) -> Option<EndpointNetwork> {
    let network = view.network(id)?;
    Some(EndpointNetwork {
        id,
        name: network.spec.name.clone(),
        subnet: network.subnet?,
        internal: network.spec.internal,
    })
}

/// With the backends on the node itself: there is no network between hosts yet, and traffic for tasks on other nodes would be lost.
fn endpoint(view: &View, service: &Service, node: NodeId) -> EndpointService {
    let vips = service.spec.task.networks.iter().filter_map(|attachment| {
        let network = attachment.target.id()?;
        let address = service.endpoint.vips.iter().find(|vip| vip.0 == network).map(|vip| vip.1);
        Some(Vip { network, address, aliases: attachment.aliases.clone() })
    });
    let published = service.endpoint.ports.iter().map(|port| PublishedPort {
        protocol: port.protocol,
        published: port.published,
        target: port.target,
    });
    EndpointService {
        id: service.id,
        name: service.spec.name.clone(),
        vips: vips.collect(),
        published: published.collect(),
        backends: view
            .service_tasks(service.id)
            .filter(|task| task.node == Some(node))
            .filter_map(|task| backend(service, task))
            .collect(),
    }
}

/// A task that gets traffic: it runs and is wanted. One that is on its way out stays known, so that its connections do.
fn backend(service: &Service, task: &Task) -> Option<Backend> {
    if task.status.state != TaskState::Running {
        return None;
    }
    Some(Backend {
        task: task.id,
        name: format!("{}.{}.{}", service.spec.name, task.slot, task.id),
        node: task.node?,
        addresses: task.networks.iter().map(|place| (place.network, place.address)).collect(),
        ready: task.is_wanted(),
    })
}
