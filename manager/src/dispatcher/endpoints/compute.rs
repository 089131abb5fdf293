//! What the endpoint tables say, computed from a view.

use std::collections::BTreeSet;

use skep_model::{
    AttachedPlace, Attachment, AttachmentId, Backend, Balance, EndpointNetwork, EndpointService, NetworkId,
    Node, NodeId, Peer, PortConfig, PortMode, PublishedPort, Service, ServiceId, Task, TaskId, TaskState,
    Vip,
};
use skep_store::View;

use super::entry::{Audience, Entry};

/// The service with its backends; `reached` says to which nodes others have a way.
pub(super) fn entry(view: &View, service: &Service, reached: impl Fn(NodeId) -> bool) -> Entry {
    let backends = view.service_tasks(service.id).filter_map(|task| backend(view, service, task));
    let (reachable, stranded) = backends.partition(|backend| reached(backend.node));
    Entry { endpoint: endpoint(service, reachable), stranded }
}

/// A plain container as a service of its own, with itself as its only backend: nodes find it by its name and have a way to it. None
/// while it has no addresses.
pub(super) fn attached_entry(
    view: &View,
    attachment: &Attachment,
    reached: impl Fn(NodeId) -> bool,
) -> Option<Entry> {
    if !attachment.is_ready() {
        return None;
    }
    let addresses = attachment.places.iter().filter_map(|place| Some((place.network, place.address?)));
    let backend = Backend {
        task: TaskId::new(attachment.id.value()),
        name: attachment.name.clone(),
        node: attachment.node,
        addresses: addresses.collect(),
        ready: view.node(attachment.node).is_some_and(|node| node.may_be_there()),
    };
    // Without a virtual address its names lead to the backend itself.
    let vip =
        |place: &AttachedPlace| Vip { network: place.network, address: None, aliases: place.aliases.clone() };
    let (backends, stranded) =
        if reached(attachment.node) { (vec![backend], Vec::new()) } else { (Vec::new(), vec![backend]) };
    let endpoint = EndpointService {
        id: attached_id(attachment.id),
        name: attachment.name.clone(),
        vips: attachment.places.iter().map(vip).collect(),
        published: Vec::new(),
        backends,
        by_source: false,
        prefer_local: false,
    };
    Some(Entry { endpoint, stranded })
}

/// By what nodes know a plain container among the services.
pub(super) fn attached_id(id: AttachmentId) -> ServiceId {
    ServiceId::new(id.value())
}

/// Who is told of the plain container.
pub(super) fn attached_audience(attachment: &Attachment) -> Audience {
    Audience { networks: attachment.places.iter().map(|place| place.network).collect(), everybody: false }
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

/// The networks of the tasks and plain containers that are (or will be) on the node, and the ingress network.
pub(super) fn networks_of(view: &View, node: NodeId) -> BTreeSet<NetworkId> {
    let here = view.node_tasks(node).filter(|task| !task.status.state.is_ended());
    let places = here.flat_map(|task| task.networks.iter().map(|place| place.network));
    let attached = view.node_attachments(node).flat_map(|own| own.places.iter().map(|place| place.network));
    places.chain(attached).chain(view.ingress().map(|network| network.id)).collect()
}

/// A network as nodes are told of it; none while it has no subnet.
pub(in crate::dispatcher) fn endpoint_network(view: &View, id: NetworkId) -> Option<EndpointNetwork> {
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
