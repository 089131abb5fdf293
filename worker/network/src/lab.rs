//! A host, an outside client and containers in network namespaces of their own, for tests.

use std::future::Future;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};
use skep_model::{
    Backend, EndpointNetwork, EndpointService, EndpointTable, NetworkId, NodeId, Protocol, PublishedPort,
    ServiceId, Subnet, TaskId, Vip,
};
use tokio::io::AsyncWriteExt;

use crate::host::links;
use crate::netlink::{Message, NetlinkSocket};
use crate::{Address, Attachment, MemoryStore, Network, Options};

mod forged;
mod line;
mod node;

pub(crate) use forged::forged;
pub(crate) use line::Line;
pub(crate) use node::{Node, follow, serve, web};

/// The host's address on the outside link.
pub(crate) const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The outside client's.
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
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
    Address { network: NetworkId::new(number.into()), address, subnet: subnet(number), internal: false }
}

/// A host and the client, joined by a link, which the client calls `name`; the host's default route leads to the client.
fn join_outside(host: &OwnedFd, own: Ipv4Addr, client: &OwnedFd, name: &str) {
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
            destination: Ipv4Addr::UNSPECIFIED,
            bits: 0,
            gateway: Some(other),
            source: Some(own),
        };
        let mut messages = vec![
            links::up(1),
            links::up(index),
            links::address(index, own),
            links::route(index, &links::host_route(other)),
        ];
        // The client of several hosts has its default route by the first.
        messages.extend((name == "up0").then(|| links::route(index, &default)));
        socket.all(&messages, &[]).unwrap();
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
        Self { id: id.into(), namespace, addresses, published: Vec::new(), node: NodeId::new(1) }
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
            published: self.published.clone(),
        }
    }

    pub(crate) fn address(&self) -> Ipv4Addr {
        self.addresses[0].address
    }

    /// Answers each connection to the port with `<id> <client's address>`.
    pub(crate) fn serve(&self, port: u16) {
        greet(&self.namespace, port, &self.id);
    }

    /// Asks a TCP server from within.
    pub(crate) fn ask(&self, address: Ipv4Addr, port: u16) -> io::Result<String> {
        ask(&self.namespace, address, port)
    }
}

/// Answers each connection to the port in the namespace with `<name> <client's address>`.
pub(crate) fn greet(namespace: &OwnedFd, port: u16, name: &str) {
    let listener = inside(namespace, || TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap());
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let name = name.to_owned();
    tokio::spawn(async move {
        while let Ok((mut stream, peer)) = listener.accept().await {
            let _ = stream.write_all(format!("{name} {}", peer.ip()).as_bytes()).await;
        }
    });
}

/// Answers each datagram to the port in the namespace with the name.
pub(crate) fn echo(namespace: &OwnedFd, port: u16, name: &str) {
    answer_datagrams(namespace, port, name, false);
}

fn answer_datagrams(namespace: &OwnedFd, port: u16, name: &str, greet: bool) {
    let socket = inside(namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap());
    socket.set_nonblocking(true).unwrap();
    let socket = tokio::net::UdpSocket::from_std(socket).unwrap();
    let name = name.to_owned();
    tokio::spawn(async move {
        while let Ok((_, peer)) = socket.recv_from(&mut [0; 64]).await {
            let answer = if greet { format!("{name} {}", peer.ip()) } else { name.clone() };
            let _ = socket.send_to(answer.as_bytes(), peer).await;
        }
    });
}

/// Answers each datagram to the port in the namespace with `<name> <client's address>`.
pub(crate) fn greet_datagrams(namespace: &OwnedFd, port: u16, name: &str) {
    answer_datagrams(namespace, port, name, true);
}

/// Connects from the namespace and reads to the end.
pub(crate) fn ask(namespace: &OwnedFd, address: Ipv4Addr, port: u16) -> io::Result<String> {
    inside(namespace, || {
        let target = SocketAddrV4::new(address, port).into();
        let mut stream = TcpStream::connect_timeout(&target, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    })
}

/// Sends a datagram from the namespace and waits for the answer.
pub(crate) fn ask_datagram(namespace: &OwnedFd, address: Ipv4Addr, port: u16) -> io::Result<String> {
    let socket = inside(namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect((address, port))?;
    socket.send(b"?")?;
    let mut answer = [0; 64];
    let length = socket.recv(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}

/// Whether the failure came from somebody's answer, not from silence.
pub(crate) fn refused(result: &io::Result<String>) -> bool {
    matches!(result, Err(error) if error.raw_os_error() == Some(Errno::ECONNREFUSED as i32))
}

/// A table of these services on networks 1 to 3.
pub(crate) fn table(version: u64, services: Vec<EndpointService>) -> EndpointTable {
    let network = |number: u8| EndpointNetwork {
        id: NetworkId::new(number.into()),
        name: format!("net{number}"),
        subnet: subnet(number),
        internal: false,
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
    }
}

/// The same service with a published TCP port.
pub(crate) fn published(mut service: EndpointService, published: u16, target: u16) -> EndpointService {
    service.published.push(PublishedPort { protocol: Protocol::Tcp, published, target });
    service
}

/// Connections from the client to a published port, one after the other, for as long as this lives.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    thread: Option<std::thread::JoinHandle<()>>,
    client: OwnedFd,
}

impl Load {
    pub(crate) fn start(lab: &Lab, port: u16) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let client = lab.client.try_clone().unwrap();
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&done));
        let namespace = client.try_clone().unwrap();
        let work = move || {
            while !stopped.load(Ordering::Relaxed) {
                let answer = ask(&namespace, HOST, port).unwrap();
                assert!(answer.ends_with(&CLIENT.to_string()), "{answer}");
                count.fetch_add(1, Ordering::Relaxed);
            }
        };
        Self { stop, done, thread: Some(std::thread::spawn(work)), client }
    }

    /// How many connections were served so far.
    pub(crate) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Whether a connection has failed.
    pub(crate) fn failed(&self) -> bool {
        self.thread.as_ref().is_none_or(std::thread::JoinHandle::is_finished)
    }

    /// Ends the load, which must not have lost a connection, nor had to ask for one twice (after a second).
    pub(crate) fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        let statistics =
            inside(&self.client, || std::fs::read_to_string("/proc/thread-self/net/netstat").unwrap());
        let mut lines = statistics.lines().filter_map(|line| line.strip_prefix("TcpExt: "));
        let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
        let mut pairs = names.split(' ').zip(values.split(' '));
        assert_eq!(pairs.find(|(name, _)| *name == "TCPSynRetrans"), Some(("TCPSynRetrans", "0")));
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
