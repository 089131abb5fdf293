//! A host, an outside client and containers in network namespaces of their own, for tests.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::sched::{CloneFlags, setns, unshare};
use skep_model::{
    Backend, EndpointNetwork, EndpointService, EndpointTable, NetworkId, NodeId, Protocol, PublishedPort,
    ServiceId, Subnet, Subnet6, TaskId, Vip,
};

use crate::family::Family;
use crate::host::links;
use crate::netlink::{Message, NetlinkSocket};
use crate::nft::Table;
use crate::{Address, Attachment, MemoryStore, Network, Options};

mod forged;
mod line;
mod load;
mod node;
mod sealed;
mod talk;
mod weather;
mod wire;

pub(crate) use forged::forged;
pub(crate) use line::Line;
pub(crate) use load::Load;
pub(crate) use node::{Node, follow, follow6, line_service, serve, web};
pub(crate) use sealed::{connected, connected_by, follow_sealed};
pub(crate) use talk::{
    ask, ask_datagram, datagrams_to, echo, exchange, greet, greet_datagrams, refused, until_answer,
};
pub(crate) use weather::set_rules;
pub(crate) use wire::{Wire, showing, to_port};

/// The host's address on the outside link.
pub(crate) const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The outside client's.
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
/// The IPv6 address beside one outside: 2001:db8::last.
pub(crate) fn outside6(address: Ipv4Addr) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, address.octets()[3].into())
}

/// The nft table of IPv4.
pub(crate) const TABLE: Table = Table { family: Family::V4, name: "skep" };
/// The containers' biggest packet.
pub(crate) const MTU_BYTES: u32 = 1450;
/// Longer than anything takes on a busy machine, shorter than a hang.
const PATIENCE: Duration = Duration::from_secs(5);

/// One test's world; all of it goes with the last descriptor.
pub(crate) struct Lab {
    pub(crate) host: OwnedFd,
    pub(crate) client: OwnedFd,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) upstreams: Vec<SocketAddr>,
    directory: tempfile::TempDir,
}

/// A container: a namespace and its addresses.
pub(crate) struct Cell {
    pub(crate) id: String,
    pub(crate) namespace: OwnedFd,
    pub(crate) addresses: Vec<Address>,
    pub(crate) nameservers: Vec<IpAddr>,
    pub(crate) published: Vec<PublishedPort>,
    /// Where it is, when not on the lab's one host.
    pub(crate) node: NodeId,
}

/// Runs a test on a thread with a network namespace and a runtime of its own.
pub(crate) fn in_lab<F, T>(test: F)
where
    F: FnOnce(Lab) -> T + Send + 'static,
    T: Future<Output = ()>,
{
    let work = move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async { Box::pin(test(Lab::new())).await });
    };
    if let Err(panic) = std::thread::spawn(work).join() {
        std::panic::resume_unwind(panic);
    }
}

/// A fresh network namespace that lives as long as the descriptor.
pub(crate) fn fresh_namespace() -> OwnedFd {
    let work = || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        current_namespace()
    };
    std::thread::spawn(work).join().unwrap()
}

fn current_namespace() -> OwnedFd {
    std::fs::File::open("/proc/thread-self/ns/net").unwrap().into()
}

/// Waits until it is so; fails when that takes much longer than anything should.
pub(crate) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds().await {
        assert!(start.elapsed() < 6 * PATIENCE, "it does not come to that");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs `work` in a namespace and waits for it.
pub(crate) fn inside<T: Send>(namespace: &OwnedFd, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let entered = || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            work()
        };
        scope.spawn(entered).join().unwrap()
    })
}

/// The subnet of the lab's network `number`: 10.0.number.0/24.
pub(crate) fn subnet(number: u8) -> Subnet {
    Subnet { address: Ipv4Addr::new(10, 0, number, 0), prefix_bits: 24 }
}

/// An address on network `number`.
pub(crate) fn on(number: u8, part: u8) -> Address {
    let address = Ipv4Addr::new(10, 0, number, part);
    Address {
        network: NetworkId::new(number.into()),
        address,
        subnet: subnet(number),
        subnet6: None,
        internal: false,
    }
}

/// The same, with IPv6: `fd00:number::part` beside the address.
pub(crate) fn on6(number: u8, part: u8) -> Address {
    Address { subnet6: Some(subnet6(number)), ..on(number, part) }
}

/// The IPv6 subnet of the lab's network `number`, if it has one: fd00:number::/64.
pub(crate) fn subnet6(number: u8) -> Subnet6 {
    Subnet6 { address: Ipv6Addr::new(0xfd00, number.into(), 0, 0, 0, 0, 0, 0), prefix_bits: 64 }
}

/// The same table, with IPv6 on the networks.
pub(crate) fn with_ipv6(mut table: EndpointTable) -> EndpointTable {
    for (number, network) in (1..).zip(&mut table.networks) {
        network.subnet6 = Some(subnet6(number));
    }
    table
}

/// A host and the client, joined by a link, which the client calls `name`; the host's default route leads to the client.
fn join_outside(host: &OwnedFd, own: Ipv4Addr, client: &OwnedFd, name: &str) {
    // A router whose link-local addresses are still being checked asks for no neighbour.
    for namespace in [host, client] {
        inside(namespace, || std::fs::write("/proc/sys/net/ipv6/conf/default/accept_dad", "0").unwrap());
    }
    let mut pair =
        Message::new(links::NEW_LINK, 0x600, &links::link_header(0, 0, 0), "make the outside link");
    pair.text(3, "up0").nest(18, |info| {
        info.text(1, "veth").nest(2, |data| {
            data.nest(1, |peer| {
                peer.body.extend_from_slice(&links::link_header(0, 0, 0));
                peer.text(3, name).ne32(28, client.as_raw_fd().cast_unsigned());
            });
        });
    });
    let side = |name: &str, own: Ipv4Addr, other: Ipv4Addr, first: Option<Message>| {
        let mut socket = NetlinkSocket::route().unwrap();
        socket.all(first.as_slice(), &[]).unwrap();
        let index = links::find(&mut socket, name).unwrap().unwrap();
        let default = links::Route {
            destination: Ipv4Addr::UNSPECIFIED.into(),
            bits: 0,
            gateway: Some(other.into()),
            source: Some(own.into()),
        };
        let mut messages = vec![
            links::up(1),
            links::up(index),
            links::address(index, own),
            links::route(index, &links::host_route(other)),
        ];
        let (own, other) = (outside6(own), outside6(other));
        let default6 = links::Route {
            destination: Ipv6Addr::UNSPECIFIED.into(),
            bits: 0,
            gateway: Some(other.into()),
            source: Some(own.into()),
        };
        let mut of_ipv6 = vec![links::address(index, own), links::route(index, &links::host_route(other))];
        // The client of several hosts has its default route by the first.
        if name == "up0" {
            messages.push(links::route(index, &default));
            of_ipv6.push(links::route(index, &default6));
        }
        socket.all(&messages, &[]).unwrap();
        // A host may be without.
        socket.each(&of_ipv6).unwrap();
    };
    inside(host, || side("up0", own, CLIENT, Some(pair)));
    inside(client, || side(name, CLIENT, own, None));
    // See Host::settle.
    inside(host, || links::find(&mut NetlinkSocket::route().unwrap(), "up0").unwrap());
}

impl Lab {
    fn new() -> Self {
        let (host, client) = (current_namespace(), fresh_namespace());
        join_outside(&host, HOST, &client, "up0");
        Self {
            host,
            client,
            store: Arc::new(MemoryStore::default()),
            upstreams: Vec::new(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.directory.path().join("network")
    }

    fn options(&self) -> Options {
        Options {
            directory: self.state(),
            dns_upstreams: self.upstreams.clone(),
            mtu: MTU_BYTES,
            descriptors: Arc::clone(&self.store) as Arc<_>,
        }
    }

    pub(crate) async fn open(&self) -> Network {
        Network::open(self.options()).await.unwrap()
    }
}

impl Cell {
    pub(crate) fn new(id: &str, addresses: Vec<Address>) -> Self {
        let namespace = fresh_namespace();
        Self {
            id: id.into(),
            namespace,
            addresses,
            nameservers: Vec::new(),
            published: Vec::new(),
            node: NodeId::new(1),
        }
    }

    /// A container that is attached to the network.
    pub(crate) async fn attached(network: &Network, id: &str, addresses: Vec<Address>) -> Self {
        let cell = Self::new(id, addresses);
        network.attach(cell.attachment()).await.unwrap();
        cell
    }

    pub(crate) fn attachment(&self) -> Attachment {
        Attachment {
            container: self.id.clone(),
            task: None,
            namespace: self.namespace.try_clone().unwrap(),
            addresses: self.addresses.clone(),
            egress: true,
            names: vec![format!("{}-name", self.id)],
            nameservers: self.nameservers.clone(),
            published: self.published.clone(),
        }
    }

    pub(crate) fn address(&self) -> Ipv4Addr {
        self.addresses[0].address
    }

    pub(crate) fn address6(&self) -> Ipv6Addr {
        self.addresses[0].address6().unwrap()
    }

    /// Answers each connection to the port with `<id> <client's address>`.
    pub(crate) fn serve(&self, port: u16) {
        greet(&self.namespace, port, &self.id);
    }

    /// Asks a TCP server from within.
    pub(crate) fn ask(&self, address: impl Into<IpAddr>, port: u16) -> std::io::Result<String> {
        ask(&self.namespace, address, port)
    }
}

/// A table of these services on networks 1 to 3.
pub(crate) fn table(version: u64, services: Vec<EndpointService>) -> EndpointTable {
    let network = |number: u8| EndpointNetwork {
        id: NetworkId::new(number.into()),
        name: format!("net{number}"),
        subnet: subnet(number),
        subnet6: None,
        internal: false,
        encrypted: false,
    };
    EndpointTable { version, networks: (1..=3).map(network).collect(), services, ..EndpointTable::default() }
}

/// A service on network 1, with the VIP 10.0.1.vip and these backends.
pub(crate) fn service(name: &str, vip: u8, backends: &[&Cell]) -> EndpointService {
    let backend = |(at, cell): (usize, &&Cell)| Backend {
        task: TaskId::new(u128::from(vip) * 1000 + at as u128),
        name: format!("{name}.{}", at + 1),
        node: cell.node,
        addresses: cell.addresses.iter().map(|entry| (entry.network, entry.address)).collect(),
        ready: true,
    };
    EndpointService {
        id: ServiceId::new(vip.into()),
        name: name.into(),
        vips: vec![Vip {
            network: NetworkId::new(1),
            address: Some(Ipv4Addr::new(10, 0, 1, vip)),
            aliases: vec![name.trim_start_matches("app_").into()],
        }],
        published: Vec::new(),
        backends: backends.iter().enumerate().map(backend).collect(),
        by_source: false,
        prefer_local: false,
    }
}

/// The same service with a published TCP port.
pub(crate) fn published(mut service: EndpointService, published: u16, target: u16) -> EndpointService {
    service.published.push(PublishedPort { protocol: Protocol::Tcp, published, target, address: None });
    service
}
