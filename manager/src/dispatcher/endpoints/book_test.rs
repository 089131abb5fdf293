//! What nodes are told, against a computation of the whole from the view.

use std::sync::Arc;

use skep_model::{
    AttachedPlace, Attachment, AttachmentId, CertIssuer, Change, Cluster, ClusterId, ClusterSpec,
    EndpointTable, JoinTokens, Meta, Network, NetworkAttachment, NetworkId, NetworkSpec, NetworkTarget, Node,
    NodeDescription, NodeId, NodeRole, NodeSpec, NodeState, NodeStatus, ObjectKey, PortConfig, PortMode,
    Protocol, RootCa, Service, ServiceEndpoint, ServiceId, ServiceSpec, Task, TaskId, TaskNetwork, TaskState,
    TaskStatus, Timestamp, Transaction, TunnelKey, UnlockKey,
};
use skep_runtime::Random;
use skep_store::{Store, View};

use super::{Book, Told, compute};

fn node(id: u16, number: u16, address: &str, state: NodeState) -> Node {
    Node {
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
    }
}

fn network(id: u128) -> Network {
    Network {
        id: NetworkId::new(id),
        meta: Meta::default(),
        spec: NetworkSpec { name: format!("net{id}"), ingress: id == 1, ..NetworkSpec::default() },
        subnet: format!("10.{id}.0.0/16").parse().ok(),
        subnet6: None,
        address_cursor: 0,
        removing: false,
    }
}

fn cluster() -> Cluster {
    let issuer = CertIssuer { subject: Vec::new(), public_key: Vec::new() };
    Cluster {
        id: ClusterId::new(1),
        meta: Meta::default(),
        spec: ClusterSpec::default(),
        root_ca: RootCa { certificate_pem: String::new(), key_pem: String::new(), issuer },
        root_rotation: None,
        cross_certificates: Vec::new(),
        join_tokens: JoinTokens::default(),
        epoch: 0,
        unlock_key: UnlockKey::default(),
    }
}

/// A service on these networks, published when `port` is not 0.
fn service(id: u128, networks: &[u128], port: u16) -> Service {
    let attach = |network: &u128| NetworkAttachment {
        target: NetworkTarget::Id(NetworkId::new(*network)),
        aliases: Vec::new(),
    };
    let mut spec = ServiceSpec { name: format!("service{id}"), ..ServiceSpec::default() };
    spec.task.networks = networks.iter().map(attach).collect();
    let port = PortConfig {
        protocol: Protocol::Tcp,
        target: 80,
        published: port,
        mode: PortMode::Ingress,
        address: None,
    };
    let ports = Some(port).filter(|port| port.published != 0).into_iter().collect();
    Service {
        id: ServiceId::new(id),
        meta: Meta::default(),
        spec: Arc::new(spec),
        spec_version: 1,
        previous_spec: None,
        update: None,
        job: None,
        rebalance: Vec::new(),
        endpoint: ServiceEndpoint { ports, ..ServiceEndpoint::default() },
    }
}

fn task(id: u128, service: u128, node: u128, networks: &[u128]) -> Task {
    let place = |network: &u128| TaskNetwork {
        network: NetworkId::new(*network),
        address: [10, *network as u8, 1, id as u8].into(),
    };
    Task {
        id: TaskId::new(id),
        meta: Meta::default(),
        service: ServiceId::new(service),
        spec_version: 1,
        slot: 1,
        node: Some(NodeId::new(node)),
        desired: TaskState::Running,
        status: TaskStatus { state: TaskState::Running, ..TaskStatus::default() },
        networks: networks.iter().map(place).collect(),
        restarts: None,
        generic: Box::default(),
        timeline: Box::default(),
        dismissed: None,
    }
}

/// A plain container on these networks.
fn attachment(id: u128, node: u128, networks: &[u128]) -> Attachment {
    let place = |network: &u128| AttachedPlace {
        network: NetworkId::new(*network),
        aliases: vec!["alias".into()],
        address: Some([10, *network as u8, 2, id as u8].into()),
    };
    Attachment {
        id: AttachmentId::new(1000 + id),
        meta: Meta::default(),
        node: NodeId::new(node),
        container: format!("container{id}"),
        name: format!("plain{id}"),
        places: networks.iter().map(place).collect(),
        error: String::new(),
    }
}

fn write(store: &Store, changes: Vec<Change>) {
    let index = store.view().version() + 1;
    drop(store.apply(index, Timestamp::from_nanos(1), Transaction { changes }));
}

/// The table of a node, computed as a whole.
fn whole(view: &View, node: NodeId) -> EndpointTable {
    let networks = compute::networks_of(view, node);
    let all: Vec<_> = view.nodes().filter_map(|one| compute::peer(one)).collect();
    let own = all.iter().find(|peer| peer.node == node).copied().filter(|_| all.len() > 1);
    let reached = |id| id == node || own.is_some() && all.iter().any(|peer| peer.node == id);
    let known = view.services().filter(|service| compute::audience(service).includes(&networks));
    let plain = view.attachments().filter(|own| compute::attached_audience(own).includes(&networks));
    let plain = plain.filter_map(|own| Some(compute::attached_entry(view, own, reached)?.endpoint));
    let known = known.map(|service| compute::entry(view, service, reached).endpoint);
    EndpointTable {
        version: view.version(),
        services: known.chain(plain).collect(),
        networks: networks.iter().filter_map(|id| compute::endpoint_network(view, *id)).collect(),
        own,
        peers: all.into_iter().filter(|peer| own.is_some() && peer.node != node).collect(),
        ..EndpointTable::default()
    }
}

/// What a node would have after all that it was told.
#[derive(Default)]
struct Agent {
    told: Told,
    table: EndpointTable,
}

impl Agent {
    fn hear(&mut self, book: &Book, store: &Store, node: NodeId) -> Option<EndpointTable> {
        let (news, current) = book.news(store, node, &mut self.told);
        assert_eq!(current, store.view().version());
        if let Some(news) = &news {
            self.table.merge(news.clone());
        }
        news
    }
}

fn sorted(mut table: EndpointTable) -> EndpointTable {
    table.version = 0;
    for service in &mut table.services {
        service.backends.sort_by_key(|backend| backend.task);
    }
    table
}

fn seen_by(id: u128, changes: Vec<Change>) -> (Option<u16>, Vec<u16>, Vec<(u128, bool)>) {
    let store = Store::default();
    write(&store, changes);
    let mut agent = Agent::default();
    agent.hear(&Book::default(), &store, NodeId::new(id));
    let table = agent.table;
    let backends = table.services[0].backends.iter().map(|backend| (backend.node.value(), backend.ready));
    let peers = table.peers.iter().map(|peer| peer.number).collect();
    (table.own.map(|own| own.number), peers, backends.collect())
}

fn published_on(nodes: std::ops::RangeInclusive<u128>) -> Vec<Change> {
    let tasks = nodes.map(|node| Change::Create(task(node, 1, node, &[]).into()));
    std::iter::once(Change::Create(service(1, &[], 8080).into())).chain(tasks).collect()
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
    let nodes = nodes.into_iter().map(|node| Change::Create(node.into()));
    let changes: Vec<Change> = nodes.chain(published_on(1..=5)).collect();
    let seen = |node| seen_by(node, changes.clone());
    let reached = vec![(1, true), (2, true), (3, false)];
    assert_eq!(seen(1), (Some(11), vec![12, 13], reached));
    assert_eq!(seen(4), (None, Vec::new(), vec![(4, true)]), "it has no way to others");
    assert_eq!(seen(5), (None, Vec::new(), vec![(5, true)]));
}

#[test]
fn a_node_that_is_alone_needs_no_tunnel() {
    let mut changes = published_on(1..=1);
    changes.push(Change::Create(node(1, 11, "10.0.0.1", NodeState::Ready).into()));
    assert_eq!(seen_by(1, changes), (None, Vec::new(), vec![(1, true)]));
}

#[test]
fn nodes_hear_where_there_is_ipv6() {
    let store = Store::default();
    let mut with = node(2, 2, "192.0.2.2", NodeState::Ready);
    with.description.ipv6 = true;
    let changes = vec![
        Change::Create(cluster().into()),
        Change::Create(network(1).into()),
        Change::Create(node(1, 1, "192.0.2.1", NodeState::Ready).into()),
        Change::Create(with.into()),
    ];
    write(&store, changes);
    let (book, one, mut agent) = (Book::default(), NodeId::new(1), Agent::default());
    agent.hear(&book, &store, one);
    let table = &agent.table;
    assert_eq!(
        (table.own.unwrap().ipv6, table.peers[0].ipv6, table.networks[0].subnet6),
        (false, true, None)
    );
    let known = store.view().network(NetworkId::new(1)).cloned().unwrap();
    let subnet6 = "fd00:1::/64".parse().ok();
    write(&store, vec![Change::Update(Network { subnet6, ..Network::clone(&known) }.into())]);
    agent.hear(&book, &store, one);
    assert_eq!(agent.table.networks[0].subnet6, subnet6);
}

#[test]
fn a_network_is_encrypted_on_request_or_with_all() {
    let store = Store::default();
    let with_key = |id: u16, key: u8| {
        let mut node = node(id, id, &format!("192.0.2.{id}"), NodeState::Ready);
        node.description.tunnel_key = Some(TunnelKey([key; 32]));
        node
    };
    let mut changes = vec![Change::Create(cluster().into()), Change::Create(network(1).into())];
    changes.extend([with_key(1, 1), with_key(2, 2)].map(|node| Change::Create(node.into())));
    write(&store, changes);
    let (book, one, mut agent) = (Book::default(), NodeId::new(1), Agent::default());
    let mut hear = |store: &Store| {
        agent.hear(&book, store, one);
        let table = &agent.table;
        (table.networks[0].encrypted, table.own.unwrap().key, table.peers[0].key)
    };
    let [first, second, third] = [1, 2, 3].map(|byte| Some(TunnelKey([byte; 32])));
    assert_eq!(hear(&store), (false, first, second));
    for encrypt_networks in [true, false] {
        let known = store.view().cluster().unwrap().clone();
        let spec = ClusterSpec { encrypt_networks, ..known.spec.clone() };
        write(&store, vec![Change::Update(Cluster { spec, ..Cluster::clone(&known) }.into())]);
        assert_eq!(hear(&store), (encrypt_networks, first, second));
    }
    let known = store.view().network(NetworkId::new(1)).unwrap().clone();
    let spec = NetworkSpec { encrypted: true, ..known.spec.clone() };
    write(&store, vec![Change::Update(Network { spec, ..Network::clone(&known) }.into())]);
    let meta = store.view().node(NodeId::new(2)).unwrap().meta;
    write(&store, vec![Change::Update(Node { meta, ..with_key(2, 3) }.into())]);
    assert_eq!(hear(&store), (true, first, third), "a key that changes is told");
}

#[test]
fn a_change_is_told_alone_and_only_to_those_whom_it_concerns() {
    let store = Store::default();
    let nodes = (1..=2_u16).map(|id| node(id, id, &format!("192.0.2.{id}"), NodeState::Ready));
    let mut changes: Vec<Change> = nodes.map(|node| Change::Create(node.into())).collect();
    changes.extend((1..=3).map(|id| Change::Create(network(id).into())));
    changes.extend((1..=50).map(|id| Change::Create(service(id, &[2], 0).into())));
    changes.push(Change::Create(task(1, 1, 1, &[2]).into()));
    write(&store, changes);
    let (book, one, two) = (Book::default(), NodeId::new(1), NodeId::new(2));
    let (mut first, mut second) = (Agent::default(), Agent::default());
    assert_eq!(first.hear(&book, &store, one).unwrap().services.len(), 50);
    assert_eq!(second.hear(&book, &store, two).unwrap().services.len(), 0);
    assert_eq!(first.hear(&book, &store, one), None);

    write(&store, vec![Change::Create(task(2, 7, 1, &[2]).into())]);
    let news = first.hear(&book, &store, one).unwrap();
    assert!(news.partial && news.services.len() == 1 && news.networks.is_empty() && news.peers.is_empty());
    assert_eq!(second.hear(&book, &store, two), None, "it is not on that network");

    let starting = TaskStatus { state: TaskState::Starting, ..TaskStatus::default() };
    write(&store, vec![Change::Create(Task { status: starting, ..task(3, 7, 2, &[2]) }.into())]);
    assert_eq!(second.hear(&book, &store, two).unwrap().services.len(), 50, "now it is");
    assert_eq!(first.hear(&book, &store, one), None);
}

#[test]
fn a_plain_container_is_told_as_a_name_with_an_address_once_it_has_one() {
    let store = Store::default();
    let nodes = (1..=2_u16).map(|id| node(id, id, &format!("192.0.2.{id}"), NodeState::Ready));
    let mut changes: Vec<Change> = nodes.map(|node| Change::Create(node.into())).collect();
    changes.extend((1..=2).map(|id| Change::Create(network(id).into())));
    changes.push(Change::Create(service(1, &[2], 0).into()));
    changes.push(Change::Create(task(1, 1, 1, &[2]).into()));
    write(&store, changes);
    let (book, one, two) = (Book::default(), NodeId::new(1), NodeId::new(2));
    let (mut first, mut second) = (Agent::default(), Agent::default());
    first.hear(&book, &store, one);
    second.hear(&book, &store, two);
    let made = attachment(1, 2, &[2]);
    let mut waiting = made.clone();
    waiting.places[0].address = None;
    write(&store, vec![Change::Create(waiting.into())]);
    assert_eq!(first.hear(&book, &store, one), None, "it has no address yet");
    let meta = store.view().attachment(made.id).unwrap().meta;
    write(&store, vec![Change::Update(Attachment { meta, ..made.clone() }.into())]);
    let news = first.hear(&book, &store, one).unwrap();
    let told = &news.services[0];
    assert_eq!((told.name.as_str(), told.vips[0].address, told.vips[0].aliases.len()), ("plain1", None, 1));
    assert_eq!((told.backends[0].node, told.backends[0].ready), (two, true));
    // Its own node takes part in the network by it.
    assert_eq!(second.hear(&book, &store, two).unwrap().services.len(), 2);
    let version = store.view().attachment(made.id).unwrap().meta.version;
    write(&store, vec![Change::Remove { key: ObjectKey::Attachment(made.id), version }]);
    assert_eq!(first.hear(&book, &store, one).unwrap().services_gone, [ServiceId::new(1001)]);
    assert_eq!(second.hear(&book, &store, two).unwrap().networks_gone, [NetworkId::new(2)]);
}

struct World {
    random: Random,
    next: u128,
}

impl World {
    fn pick(&self, end: u64) -> u64 {
        (self.random.fraction() * end as f64) as u64
    }

    fn networks(&self) -> Vec<u128> {
        (1..=3).filter(|_| self.pick(2) == 0).collect()
    }

    /// Something that happens in a swarm.
    fn step(&mut self, view: &View) -> Vec<Change> {
        self.next += 1;
        let states = [NodeState::Ready, NodeState::Down, NodeState::Disconnected];
        let state = states[self.pick(3) as usize];
        let some_node = self.pick(4) as u16 + 1;
        match self.pick(9) {
            0 => {
                let number = self.pick(3) as u16 * some_node;
                let made = node(some_node, number, &format!("192.0.2.{some_node}"), state);
                vec![match view.node(made.id) {
                    Some(known) => Change::Update(Node { meta: known.meta, ..made }.into()),
                    None => Change::Create(made.into()),
                }]
            }
            1 => view.nodes().nth(self.pick(8) as usize).map_or(vec![], |node| {
                vec![Change::Remove { key: ObjectKey::Node(node.id), version: node.meta.version }]
            }),
            2 => {
                let id = u128::from(self.pick(3)) + 1;
                vec![match view.network(NetworkId::new(id)) {
                    Some(known) if self.pick(2) == 0 => {
                        Change::Remove { key: ObjectKey::Network(known.id), version: known.meta.version }
                    }
                    Some(known) => {
                        let subnet = format!("10.{id}.0.0/{}", 16 + self.pick(4)).parse().ok();
                        Change::Update(Network { subnet, ..Network::clone(known) }.into())
                    }
                    None => Change::Create(network(id).into()),
                }]
            }
            3 => {
                let id = u128::from(self.pick(5)) + 1;
                let made = service(id, &self.networks(), self.pick(2) as u16 * 8080);
                vec![match view.service(made.id) {
                    Some(known) if self.pick(3) == 0 => {
                        Change::Remove { key: ObjectKey::Service(known.id), version: known.meta.version }
                    }
                    Some(known) => Change::Update(Service { meta: known.meta, ..made }.into()),
                    None => Change::Create(made.into()),
                }]
            }
            4 | 5 => {
                let service = u128::from(self.pick(5)) + 1;
                let made = task(self.next % 200 + 1, service, some_node.into(), &self.networks());
                let state = if self.pick(2) == 0 { TaskState::Running } else { TaskState::Starting };
                vec![Change::Create(Task { status: TaskStatus { state, ..made.status }, ..made }.into())]
            }
            6 => {
                let id = u128::from(self.pick(5)) + 1;
                let made = attachment(id, some_node.into(), &self.networks());
                vec![match view.attachment(made.id) {
                    Some(known) if self.pick(3) == 0 => {
                        Change::Remove { key: ObjectKey::Attachment(known.id), version: known.meta.version }
                    }
                    Some(known) => Change::Update(Attachment { meta: known.meta, ..made }.into()),
                    None => Change::Create(made.into()),
                }]
            }
            _ => view.tasks().nth(self.pick(8) as usize).map_or(vec![], |known| {
                let state = [TaskState::Running, TaskState::Shutdown][self.pick(2) as usize];
                let status = TaskStatus { state, ..known.status.clone() };
                let desired = if self.pick(2) == 0 { known.desired } else { TaskState::Shutdown };
                vec![match self.pick(4) {
                    0 => Change::Remove { key: ObjectKey::Task(known.id), version: known.meta.version },
                    _ => Change::Update(Task { status, desired, ..Task::clone(known) }.into()),
                }]
            }),
        }
    }
}

#[test]
fn whatever_happens_nodes_know_what_a_look_at_the_whole_would_say() {
    let mut heard = 0;
    for seed in 0..60 {
        let (store, book) = (Store::default(), Book::default());
        let mut world = World { random: Random::seeded(seed), next: 0 };
        let mut agents: Vec<Agent> = (0..4).map(|_| Agent::default()).collect();
        for _ in 0..150 {
            let changes = world.step(&store.view());
            write(&store, changes);
            // Not every node hears of every change at once.
            for (at, agent) in agents.iter_mut().enumerate() {
                if world.pick(3) > 0 {
                    continue;
                }
                let id = NodeId::new(at as u128 + 1);
                heard += u32::from(agent.hear(&book, &store, id).is_some());
                assert_eq!(sorted(agent.table.clone()), sorted(whole(&store.view(), id)), "seed {seed}");
            }
        }
    }
    assert!(heard > 1_000, "{heard}");
}

#[test]
fn the_tunnel_ends_at_the_data_path_address_where_there_is_one_and_follows_it() {
    let store = Store::default();
    let described = |number: u16, own: &str| {
        let mut node = node(number, number + 10, &format!("10.0.0.{number}"), NodeState::Ready);
        node.description.data_path_address = own.to_owned();
        node
    };
    let nodes = [described(1, "10.1.0.1"), described(2, ""), described(3, "127.0.0.1")];
    write(&store, nodes.into_iter().map(|node| Change::Create(node.into())).collect());
    let book = Book::default();
    let mut agent = Agent::default();
    let ends = |agent: &Agent| {
        let all = agent.table.own.iter().chain(&agent.table.peers);
        all.map(|peer| peer.address.to_string()).collect::<Vec<_>>()
    };
    agent.hear(&book, &store, NodeId::new(1));
    assert_eq!(ends(&agent), ["10.1.0.1", "10.0.0.2"], "nobody reaches a loopback address");
    let meta = store.view().node(NodeId::new(2)).unwrap().meta;
    write(&store, vec![Change::Update(Node { meta, ..described(2, "10.1.0.2") }.into())]);
    agent.hear(&book, &store, NodeId::new(1));
    assert_eq!(ends(&agent), ["10.1.0.1", "10.1.0.2"]);
}
