use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use skep_model::{EndpointService, EndpointTable, NodeId, Peer, Protocol, PublishedPort};
use tokio::runtime::Handle;

use super::{
    Cell, HOST, Lab, fresh_namespace, greet_datagrams, inside, join_outside, published, service, table,
    with_ipv6,
};
use crate::host::tunnel::{Entry, Kind, Tunnel};
use crate::netlink::{Message, NetlinkSocket};
use crate::{Address, MemoryStore, Network, Observed, Options, ROUTE_PROTOCOL};

/// A host of a swarm. The lab's client is between all of them, and forwards.
pub(crate) struct Node {
    pub(crate) number: u16,
    pub(crate) namespace: OwnedFd,
    pub(crate) address: Ipv4Addr,
    pub(crate) network: Network,
    options: Options,
    /// What dies with the host: none for the first one, whose state is the lab's.
    _directory: Option<tempfile::TempDir>,
}

impl Node {
    /// The lab's own host, as node 1.
    pub(crate) async fn first(lab: &Lab) -> Self {
        inside(&lab.client, || {
            for setting in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] {
                std::fs::write(format!("/proc/sys/net/{setting}"), "1").unwrap();
            }
        });
        let (namespace, network) = (lab.host.try_clone().unwrap(), lab.open().await);
        Self { number: 1, namespace, address: HOST, network, options: lab.options(), _directory: None }
    }

    /// Another host, beside the first.
    pub(crate) fn beside(lab: &Lab, number: u8) -> Self {
        Self::in_namespace(lab, number, fresh_namespace())
    }

    /// Another one, of a host on which IPv6 is switched off.
    pub(crate) fn without_ipv6(lab: &Lab, number: u8) -> Self {
        let namespace = fresh_namespace();
        inside(&namespace, || {
            for links in ["all", "default"] {
                std::fs::write(format!("/proc/sys/net/ipv6/conf/{links}/disable_ipv6"), "1").unwrap();
            }
        });
        Self::in_namespace(lab, number, namespace)
    }

    fn in_namespace(lab: &Lab, number: u8, namespace: OwnedFd) -> Self {
        let address = Ipv4Addr::new(192, 0, 2, number + 1);
        join_outside(&namespace, address, &lab.client, &format!("up{number}"));
        let directory = tempfile::tempdir().unwrap();
        let options = Options {
            directory: directory.path().join("network"),
            descriptors: Arc::new(MemoryStore::default()),
            ..lab.options()
        };
        let network = open(&namespace, options.clone());
        Self { number: number.into(), namespace, address, network, options, _directory: Some(directory) }
    }

    /// The first host and others beside it, numbered from 1.
    pub(crate) async fn several<const N: usize>(lab: &Lab) -> [Self; N] {
        let mut first = Some(Self::first(lab).await);
        std::array::from_fn(|at| first.take().unwrap_or_else(|| Self::beside(lab, at as u8 + 1)))
    }

    /// Where its network keeps its state.
    pub(crate) fn state(&self) -> &std::path::Path {
        &self.options.directory
    }

    pub(crate) fn id(&self) -> NodeId {
        NodeId::new(self.number.into())
    }

    pub(crate) fn peer(&self) -> Peer {
        Peer {
            node: self.id(),
            number: self.number,
            address: self.address,
            key: Some(*self.network.tunnel_key().borrow()),
            ipv6: self.network.has_ipv6(),
        }
    }

    /// A container of this node that is attached to its network.
    pub(crate) async fn cell(&self, id: &str, addresses: Vec<Address>) -> Cell {
        let mut cell = Cell::new(id, addresses);
        cell.node = self.id();
        self.network.attach(cell.attachment()).await.unwrap();
        cell
    }

    /// What managers tell this node when `nodes` are in the swarm.
    pub(crate) fn table(
        &self,
        version: u64,
        nodes: &[&Self],
        services: Vec<EndpointService>,
    ) -> EndpointTable {
        let others = nodes.iter().filter(|other| other.number != self.number);
        EndpointTable {
            own: Some(self.peer()),
            peers: others.map(|other| other.peer()).collect(),
            ..table(version, services)
        }
    }

    /// Makes the node follow such a table.
    pub(crate) async fn follow(&self, version: u64, nodes: &[&Self], services: &[EndpointService]) {
        self.network.apply(&self.table(version, nodes, services.to_vec())).await.unwrap();
    }

    pub(crate) async fn observed(&self) -> Observed {
        self.network.observed().await.unwrap()
    }

    /// All that leads to other nodes by the plain link.
    pub(crate) fn entries(&self) -> BTreeSet<Entry> {
        self.entries_of(Kind::Plain)
    }

    /// All that leads to other nodes by a link.
    pub(crate) fn entries_of(&self, kind: Kind) -> BTreeSet<Entry> {
        inside(&self.namespace, || {
            let mut tunnel = Tunnel::new(kind);
            tunnel.look(&mut NetlinkSocket::route().unwrap()).unwrap();
            tunnel.entries().clone()
        })
    }

    /// How many routes, fixed neighbours, forwarding entries and routing rules there are on a host, ours or not.
    pub(crate) fn counts(&self) -> Vec<usize> {
        inside(&self.namespace, || {
            let mut socket = NetlinkSocket::route().unwrap();
            // RTM_GETROUTE, RTM_GETNEIGH, RTM_GETRULE of linux/rtnetlink.h.
            let kinds = [(26, 2), (30, 2), (30, 7), (34, 2), (26, 10), (30, 10), (34, 10)];
            let count = |(kind, family): (u16, u8)| {
                let header = [family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                let found = socket.dump(Message::new(kind, 0, &header, "count")).unwrap();
                let lasting = |body: &&Vec<u8>| match (kind, family) {
                    // NUD_PERMANENT: the outside's neighbours come and go by themselves; so do multicast groups of IPv6.
                    (30, _) => body[8] & 0x80 != 0 && !body.windows(2).any(|bytes| bytes == [0x33, 0x33]),
                    // Links get addresses and routes of IPv6 by themselves.
                    (26, 10) => body[5] == ROUTE_PROTOCOL,
                    _ => true,
                };
                found.iter().filter(lasting).count()
            };
            kinds.map(count).to_vec()
        })
    }

    /// Another daemon in place of the one that runs, before it has heard of managers.
    pub(crate) async fn restart(self, cells: &[&Cell]) -> Self {
        let Self { network, options, .. } = self;
        drop(network);
        let network = open(&self.namespace, options.clone());
        for cell in cells {
            network.readopt(cell.attachment()).await.unwrap();
        }
        let live: BTreeSet<_> = cells.iter().map(|cell| cell.id.clone()).collect();
        network.collect(&live).await.unwrap();
        Self { network, options, ..self }
    }
}

fn open(namespace: &OwnedFd, options: Options) -> Network {
    let runtime = Handle::current();
    inside(namespace, || runtime.block_on(Network::open(options)).unwrap())
}

/// A service with a TCP and a UDP port: 8080 to 80 and 5353 to 53.
pub(crate) fn web(backends: &[&Cell]) -> EndpointService {
    let mut web = published(service("web", 100, backends), 8080, 80);
    web.published.push(PublishedPort { protocol: Protocol::Udp, published: 5353, target: 53, address: None });
    web
}

/// Serves both ports in the container.
pub(crate) fn serve(cell: &Cell) {
    cell.serve(80);
    greet_datagrams(&cell.namespace, 53, &cell.id);
}

/// Makes all nodes follow tables with these services.
pub(crate) async fn follow(version: u64, nodes: &[&Node], services: &[EndpointService]) {
    for node in nodes {
        node.follow(version, nodes, services).await;
    }
}

/// The same with IPv6 on all networks.
pub(crate) async fn follow6(version: u64, nodes: &[&Node], services: &[EndpointService]) {
    for node in nodes {
        let wanted = with_ipv6(node.table(version, nodes, services.to_vec()));
        node.network.apply(&wanted).await.unwrap();
    }
}

/// A service that a [`super::Line`] can be opened to, by the VIP or port 8081.
pub(crate) fn line_service(task: &Cell) -> EndpointService {
    published(service("line", 100, &[task]), 8081, 7)
}
