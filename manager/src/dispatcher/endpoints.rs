//! The endpoint table of a node: what its network must know, computed from a view.

use std::collections::BTreeSet;

use skep_model::{
    Backend, EndpointNetwork, EndpointService, EndpointTable, NetworkId, Node, NodeId, Peer, PublishedPort,
    Service, Task, TaskState, Vip,
};
use skep_store::View;

/// Everything that `node` must know about services at this moment.
pub(crate) fn endpoint_table(view: &View, node: NodeId) -> EndpointTable {
    let networks = networks_of(view, node);
    let (own, peers) = tunnel(view, node);
    let reached: BTreeSet<NodeId> = peers.iter().map(|peer| peer.node).chain([node]).collect();
    let known = |service: &Service| {
        let attached = service.spec.task.networks.iter().filter_map(|attachment| attachment.target.id());
        !service.endpoint.ports.is_empty() || attached.into_iter().any(|id| networks.contains(&id))
    };
    let services =
        view.services().filter(|service| known(service)).map(|service| endpoint(view, service, &reached));
    EndpointTable {
        version: view.version(),
        services: services.collect(),
        networks: networks.iter().filter_map(|id| endpoint_network(view, *id)).collect(),
        own,
        peers,
        tunnel_port: view.cluster().map_or(0, |cluster| cluster.spec.data_path_port),
    }
}

/// The node and all others as ends of the tunnel between them; nothing for a node that is alone, or is not reached itself.
fn tunnel(view: &View, node: NodeId) -> (Option<Peer>, Vec<Peer>) {
    let own = view.node(node).and_then(|own| peer(own));
    let peers: Vec<Peer> =
        view.nodes().filter(|other| other.id != node).filter_map(|other| peer(other)).collect();
    match own {
        Some(own) if !peers.is_empty() => (Some(own), peers),
        _ => (None, Vec::new()),
    }
}

/// Where a node's end of the tunnel is; none while it has no number, or nobody knows an address at which others reach it.
fn peer(node: &Node) -> Option<Peer> {
    let address = node.data_path()?;
    (node.number != 0).then_some(Peer { node: node.id, number: node.number, address })
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

/// With the backends on the nodes that are reached.
fn endpoint(view: &View, service: &Service, reached: &BTreeSet<NodeId>) -> EndpointService {
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
            .filter(|task| task.node.is_some_and(|node| reached.contains(&node)))
            .filter_map(|task| backend(view, service, task))
            .collect(),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use skep_model::{
        Change, Meta, NodeDescription, NodeRole, NodeSpec, NodeState, NodeStatus, Object, PortConfig,
        PortMode, Protocol, ServiceEndpoint, ServiceId, ServiceSpec, TaskId, TaskStatus, Timestamp,
        Transaction,
    };
    use skep_store::Store;

    use super::*;

    fn node(id: u16, number: u16, address: &str, state: NodeState) -> Change {
        let node = Node {
            id: NodeId::new(id.into()),
            meta: Meta::default(),
            spec: NodeSpec::default(),
            role: NodeRole::Worker,
            description: NodeDescription::default(),
            status: NodeStatus { state, address: address.to_owned(), ..NodeStatus::default() },
            manager: None,
            key_digest: String::new(),
            certificate: None,
            number,
        };
        Change::Create(node.into())
    }

    /// A published service with a running task on each of these nodes.
    fn service(nodes: std::ops::RangeInclusive<u16>) -> impl Iterator<Item = Change> {
        let id = ServiceId::new(1);
        let port =
            PortConfig { protocol: Protocol::Tcp, target: 80, published: 8080, mode: PortMode::Ingress };
        let service = Service {
            id,
            meta: Meta::default(),
            spec: Arc::new(ServiceSpec { name: "web".into(), ..ServiceSpec::default() }),
            spec_version: 1,
            previous_spec: None,
            endpoint: ServiceEndpoint { ports: vec![port], ..ServiceEndpoint::default() },
        };
        let tasks = nodes.map(move |node| Task {
            id: TaskId::new(node.into()),
            meta: Meta::default(),
            service: id,
            spec_version: 1,
            slot: node.into(),
            node: Some(NodeId::new(node.into())),
            desired: TaskState::Running,
            status: TaskStatus { state: TaskState::Running, ..TaskStatus::default() },
            networks: Box::default(),
            restarts: None,
        });
        std::iter::once(Change::Create(service.into())).chain(tasks.map(|task| Change::Create(task.into())))
    }

    fn seen_by(node: u128, changes: Vec<Change>) -> (Option<u16>, Vec<u16>, Vec<(u128, bool)>) {
        let store = Store::default();
        store.apply(1, Timestamp::from_nanos(1), Transaction { changes }).unwrap();
        let table = endpoint_table(&store.view(), NodeId::new(node));
        let backends = table.services[0].backends.iter().map(|backend| (backend.node.value(), backend.ready));
        let peers = table.peers.iter().map(|peer| peer.number).collect();
        (table.own.map(|own| own.number), peers, backends.collect())
    }

    #[test]
    fn a_node_is_told_of_the_tasks_that_it_can_reach() {
        let ready = NodeState::Ready;
        let nodes = [
            node(1, 11, "10.0.0.1", ready),
            node(2, 12, "10.0.0.2", ready),
            node(3, 13, "10.0.0.3", NodeState::Down),
            // Not numbered yet; and known by an address that says nothing to others.
            node(4, 0, "10.0.0.4", ready),
            node(5, 15, "127.0.0.1", ready),
        ];
        let changes: Vec<Change> = nodes.into_iter().chain(service(1..=5)).collect();
        let seen = |node| seen_by(node, changes.clone());
        let reached = vec![(1, true), (2, true), (3, false)];
        assert_eq!(seen(1), (Some(11), vec![12, 13], reached));
        assert_eq!(seen(4), (None, Vec::new(), vec![(4, true)]), "it has no way to others");
        assert_eq!(seen(5), (None, Vec::new(), vec![(5, true)]));
    }

    #[test]
    fn the_tunnel_ends_at_the_data_path_address_where_there_is_one() {
        let described = |id, own: &str| match node(id, id + 10, "10.0.0.9", NodeState::Ready) {
            Change::Create(Object::Node(node)) => {
                let mut node = Node::clone(&node);
                node.description.data_path_address = own.to_owned();
                Change::Create(node.into())
            }
            other => other,
        };
        let store = Store::default();
        let changes = vec![described(1, "10.1.0.1"), described(2, "")];
        store.apply(1, Timestamp::from_nanos(1), Transaction { changes }).unwrap();
        let table = endpoint_table(&store.view(), NodeId::new(1));
        let addresses = table.own.iter().chain(&table.peers).map(|peer| peer.address.to_string());
        assert_eq!(addresses.collect::<Vec<_>>(), ["10.1.0.1", "10.0.0.9"]);
    }

    #[test]
    fn a_node_that_is_alone_needs_no_tunnel() {
        let changes = [node(1, 11, "10.0.0.1", NodeState::Ready)].into_iter().chain(service(1..=1)).collect();
        assert_eq!(seen_by(1, changes), (None, Vec::new(), vec![(1, true)]));
    }
}
