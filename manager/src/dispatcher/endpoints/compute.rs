//! What the endpoint tables say, computed from a view.

use std::collections::BTreeSet;

use skep_model::{
    Backend, Balance, EndpointNetwork, EndpointService, NetworkId, Node, NodeId, Peer, PortConfig, PortMode,
    PublishedPort, Service, Task, TaskState, Vip,
};
use skep_store::View;

use super::entry::{Audience, Entry};

/// The service with its backends; `reached` says to which nodes others have a way.
pub(super) fn entry(view: &View, service: &Service, reached: impl Fn(NodeId) -> bool) -> Entry {
    let backends = view.service_tasks(service.id).filter_map(|task| backend(view, service, task));
    let (reachable, stranded) = backends.partition(|backend| reached(backend.node));
    Entry { endpoint: endpoint(service, reachable), stranded }
}

/// Who is told of the service.
pub(super) fn audience(service: &Service) -> Audience {
    let networks = service.spec.task.networks.iter().filter_map(|attachment| attachment.target.id());
    Audience { networks: networks.collect(), everybody: ingress_ports(service).next().is_some() }
}

/// The UDP port of the tunnel; 0 for the default.
pub(super) fn tunnel_port(view: &View) -> u16 {
    view.cluster().map_or(0, |cluster| cluster.spec.data_path_port)
}

/// Where a node's end of the tunnel is; none while it has no number, or nobody knows an address at which others reach it.
pub(super) fn peer(node: &Node) -> Option<Peer> {
    let address = node.data_path()?;
    let (key, ipv6) = (node.description.tunnel_key, node.description.ipv6);
    (node.number != 0).then_some(Peer { node: node.id, number: node.number, address, key, ipv6 })
}

/// The networks of the tasks that are (or will be) on the node, and the ingress network.
pub(super) fn networks_of(view: &View, node: NodeId) -> BTreeSet<NetworkId> {
    let here = view.node_tasks(node).filter(|task| !task.status.state.is_ended());
    let places = here.flat_map(|task| task.networks.iter().map(|place| place.network));
    places.chain(view.ingress().map(|network| network.id)).collect()
}

pub(super) fn endpoint_network(view: &View, id: NetworkId) -> Option<EndpointNetwork> {
    let network = view.network(id)?;
    Some(EndpointNetwork {
        id,
        name: network.spec.name.clone(),
        subnet: network.subnet?,
        subnet6: network.subnet6,
        internal: network.spec.internal,
        encrypted: network.spec.encrypted
            || view.cluster().is_some_and(|cluster| cluster.spec.encrypt_networks),
    })
}

fn ingress_ports(service: &Service) -> impl Iterator<Item = &PortConfig> {
    service.endpoint.ports.iter().filter(|port| port.mode == PortMode::Ingress)
}

fn endpoint(service: &Service, backends: Vec<Backend>) -> EndpointService {
    // What the store holds was checked when it came in.
    let balance = Balance::of(&service.spec.labels).unwrap_or_default();
    let vips = service.spec.task.networks.iter().filter_map(|attachment| {
        let network = attachment.target.id()?;
        let address = service.endpoint.vips.iter().find(|vip| vip.0 == network).map(|vip| vip.1);
        Some(Vip { network, address, aliases: attachment.aliases.clone() })
    });
    let published = ingress_ports(service).map(|port| PublishedPort {
        protocol: port.protocol,
        published: port.published,
        target: port.target,
        address: port.address,
    });
    EndpointService {
        id: service.id,
        name: service.spec.name.clone(),
        vips: vips.collect(),
        published: published.collect(),
        backends,
        by_source: balance.by_source,
        prefer_local: balance.prefer_local,
    }
}

/// A task that gets traffic: it runs, is wanted, and its node is there. One that is on its way out stays known, so that its
/// connections do.
fn backend(view: &View, service: &Service, task: &Task) -> Option<Backend> {
    if task.status.state != TaskState::Running {
        return None;
    }
    Some(Backend {
        task: task.id,
        name: format!("{}.{}.{}", service.spec.name, task.slot, task.id),
        node: task.node?,
        addresses: task.networks.iter().map(|place| (place.network, place.address)).collect(),
        ready: task.is_wanted() && view.node(task.node?).is_some_and(|node| node.may_be_there()),
    })
}
