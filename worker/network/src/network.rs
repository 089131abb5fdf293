//! The network of one host, as the engine and the agent use it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use skep_model::{EndpointTable, Finding, NetworkId, PathReport, TunnelKey};
use tokio::sync::watch;

use crate::check;
use crate::dns::{Asker, Directory, RESOLVER, Serving, Upstreams, open_listener, serve};
use crate::host::{Host, HostThread, Plug, links};
use crate::namespace::in_namespace;
use crate::probe::Prober;
use crate::{
    Address, Applied, Attached, Attachment, DescriptorStore, Deviation, NetworkError, Observed, Result,
    TunnelReport,
};

/// How to open a host's network.
#[derive(Clone, Debug)]
pub struct Options {
    /// A directory of our own for a little state; made when missing.
    pub directory: PathBuf,
    /// The DNS servers for names that are not ours; see [`upstreams_of_host`].
    pub dns_upstreams: Vec<SocketAddr>,
    /// The links' biggest packet, in bytes; 1450 leaves room for VXLAN on an Ethernet.
    pub mtu: u32,
    /// Where DNS sockets live while the daemon is away.
    pub descriptors: Arc<dyn DescriptorStore>,
}

/// The network of the host whose network namespace [`Network::open`] was called in.
///
/// Dropping it leaves everything in the kernel, and running, for the next daemon; [`Network::close`] removes it.
#[derive(Debug)]
pub struct Network {
    host: Arc<HostThread>,
    prober: Prober,
    directory: Arc<Directory>,
    upstreams: Arc<Upstreams>,
    descriptors: Arc<dyn DescriptorStore>,
    served: Mutex<BTreeMap<String, Resolver>>,
    /// Whether containers have IPv6 here; without it, networks count as those that have none.
    ipv6: bool,
    tunnel_key: watch::Receiver<TunnelKey>,
}

/// One container's DNS.
#[derive(Debug)]
struct Resolver {
    names: Vec<String>,
    addresses: Vec<(NetworkId, Ipv4Addr)>,
    _serving: Serving,
}

impl Network {
    /// Opens the network of the calling thread's namespace: settings, nft table. What a former daemon left keeps working;
    /// call [`Self::readopt`] for every living container, then [`Self::collect`], then [`Self::apply`].
    ///
    /// # Errors
    /// When the kernel refuses (no CAP_NET_ADMIN, no nftables) or the directory cannot be written.
    pub async fn open(options: Options) -> Result<Self> {
        let Options { directory, dns_upstreams, mtu, descriptors } = options;
        let host = HostThread::start(move || {
            let failure =
                |source| NetworkError::File { action: "make", path: directory.display().to_string(), source };
            fs::create_dir_all(&directory).map_err(failure)?;
            Host::open(directory, mtu)
        })
        .await?;
        let host = Arc::new(host);
        // After a daemon's restart names are known again with the first table only; until then queries wait.
        let fresh = host.call(|host| host.remembered()).await?.is_empty();
        let (tunnel_key, ipv6) = host.call(|host| Ok((host.tunnel_key(), host.ipv6()))).await?;
        Ok(Self {
            prober: Prober::start(&host),
            host,
            tunnel_key,
            ipv6,
            directory: Arc::new(Directory::new(fresh)),
            upstreams: Arc::new(Upstreams(dns_upstreams)),
            descriptors,
            served: Mutex::default(),
        })
    }

    /// Whether containers have IPv6 here; without it, networks count as those that have none.
    pub fn has_ipv6(&self) -> bool {
        self.ipv6
    }

    /// Gives a container its link, addresses, routes and DNS. What a former run of the same container left goes first.
    ///
    /// When the returned future is dropped half-way, [`Self::detach`] clears up.
    ///
    /// # Errors
    /// When the namespace is gone, the kernel refuses, or one of its ports is taken; nothing is left behind then.
    pub async fn attach(&self, attachment: Attachment) -> Result<Attached> {
        self.plug(attachment, false).await
    }

    /// Takes over a container that a former daemon attached, without touching its side or its connections. One whose
    /// link is gone is attached as new; a port of it that is taken meanwhile is logged.
    ///
    /// # Errors
    /// When the kernel refuses; the container keeps what it has.
    pub async fn readopt(&self, attachment: Attachment) -> Result<Attached> {
        self.plug(attachment, true).await
    }

    async fn plug(&self, mut attachment: Attachment, adopt: bool) -> Result<Attached> {
        let container = attachment.container.clone();
        let id_letters = |letter: u8| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter);
        if container.is_empty() || container.starts_with('.') || !container.bytes().all(id_letters) {
            return Err(NetworkError::Container(container));
        }
        if !self.ipv6 {
            attachment.addresses.iter_mut().for_each(|entry| entry.subnet6 = None);
        }
        let link = links::link_name(&container);
        let mac = links::shown_mac(links::container_mac(&attachment.addresses));
        let egress_source = attachment.egress_source();
        let plug = Plug {
            index: 0,
            link: link.clone(),
            addresses: attachment.addresses.clone(),
            egress_source,
            published: attachment.published,
        };
        if !adopt {
            self.end_dns(&container);
        }
        let id = container.clone();
        let namespace = Arc::new(attachment.namespace);
        let far = Arc::clone(&namespace);
        let (adopted, index) = self.host.call(move |host| host.plug(&id, plug, far.as_fd(), adopt)).await?;
        let inside = Inside {
            container: container.clone(),
            namespace,
            addresses: attachment.addresses,
            egress_source,
            nameservers: attachment.nameservers,
            adopted,
        };
        let names = names_of(&container, attachment.task, attachment.names);
        let name = link.clone();
        let served = async {
            self.serve(inside, names).await?;
            self.host.call(move |host| host.settle(&name)).await
        };
        match served.await {
            Ok(()) => Ok(Attached { link, mac }),
            // A container that runs keeps its link.
            Err(error) if adopted => Err(error),
            Err(error) => {
                self.descriptors.drop_held(&held_name(&container));
                let undo = move |host: &mut Host| {
                    host.unplug(&container)?;
                    host.remove_link(index)
                };
                self.host.call(undo).await?;
                Err(error)
            }
        }
    }

    /// Takes a container off the network: routes, addresses, ports, DNS. Its link dies with its namespace. Doing it
    /// twice, or for a container that never was there, is no error.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn detach(&self, container: &str) -> Result<()> {
        self.end_dns(container);
        let id = container.to_owned();
        self.host.call(move |host| host.unplug(&id)).await
    }

    /// Removes what is left of containers that are not in `live`.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn collect(&self, live: &BTreeSet<String>) -> Result<()> {
        let kept = live.clone();
        let gone = self.host.call(move |host| host.collect(&kept)).await?;
        let served: Vec<_> = self.served().keys().filter(|id| !live.contains(*id)).cloned().collect();
        for container in gone.iter().chain(&served) {
            self.end_dns(container);
        }
        Ok(())
    }

    /// Makes kernel and DNS follow a table, or what a partial one changes, in one transaction; flows that it does not concern
    /// go on. A way to other nodes that cannot be had is left out, with the tasks that it leads to, and tried again;
    /// [`Self::tunnel_report`] says why.
    ///
    /// # Errors
    /// When the kernel refuses the rest; then all is as before.
    pub async fn apply(&self, table: &EndpointTable) -> Result<Applied> {
        let mut table = table.clone();
        if !self.ipv6 {
            table.networks.iter_mut().for_each(|network| network.subnet6 = None);
        }
        let copy = table.clone();
        let (applied, undo, ground) = self
            .host
            .call(move |host| host.apply(copy).map(|(applied, undo)| (applied, undo, host.ground())))
            .await?;
        self.directory.follow(&table, &undo);
        self.prober.follow(ground).await;
        Ok(applied)
    }

    /// Measures the ways to all other nodes now; takes a few seconds where packets are lost.
    pub async fn measure_paths(&self) -> Vec<PathReport> {
        self.prober.measure_all().await
    }

    /// Looks for what of this host keeps services from working; takes at most a few seconds.
    pub async fn check(&self) -> Vec<Finding> {
        let (mut found, member) =
            tokio::join!(check::check_host(&self.upstreams.0), check::check_member(&self.host));
        found.extend(member);
        found
    }

    /// Looks for what keeps packets of other nodes from this host, where some do not arrive.
    pub fn check_unheard(&self) -> Vec<Finding> {
        check::check_unheard()
    }

    /// The ways to other nodes as they were measured last in the background, once they differ from those that `seen` (0 for
    /// none) stands for; with what stands for these. Never comes back when the network is closed.
    pub async fn next_paths(&self, seen: u64) -> (u64, Vec<PathReport>) {
        self.prober.next(seen).await
    }

    /// The version of the last applied table; none before the first.
    ///
    /// # Errors
    /// When the network is closed.
    pub async fn applied_version(&self) -> Result<Option<u64>> {
        self.host.call(|host| Ok(host.applied())).await
    }

    /// The public half of this node's key for encrypted networks, and every later one: managers are to hand it to other nodes.
    pub fn tunnel_key(&self) -> watch::Receiver<TunnelKey> {
        self.tunnel_key.clone()
    }

    /// Makes a new key for encrypted networks before it is time. The former one counts until every other node that is there
    /// has heard of the new one and used it.
    ///
    /// # Errors
    /// When the key cannot be written to the directory; the present one stays.
    pub async fn rotate_tunnel_key(&self) -> Result<()> {
        self.host.call(Host::rotate_tunnel_key).await
    }

    /// How the way to other nodes is, with the reasons for what cannot be had.
    ///
    /// # Errors
    /// When the network is closed.
    pub async fn tunnel_report(&self) -> Result<TunnelReport> {
        self.host.call(|host| Ok(host.tunnel_report())).await
    }

    /// Compares what is in the kernel with what should be; with `repair`, brings back what somebody changed.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn audit(&self, repair: bool) -> Result<Vec<Deviation>> {
        self.host.call(move |host| host.audit(repair)).await
    }

    /// What of ours is in the kernel.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn observed(&self) -> Result<Observed> {
        self.host.call(Host::observed).await
    }

    /// Takes everything of ours off the host: links, table, settings, sockets. Only dropping it makes sense after.
    ///
    /// # Errors
    /// When the kernel refuses; calling it again goes on.
    pub async fn close(&self) -> Result<()> {
        let remembered = self.host.call(|host| host.collect(&BTreeSet::new())).await?;
        let served: Vec<_> = self.served().keys().cloned().collect();
        for container in remembered.iter().chain(&served) {
            self.end_dns(container);
        }
        self.prober.stop();
        self.host.call(Host::close).await
    }

    fn served(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Resolver>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_dns(&self, container: &str) {
        let resolver = self.served().remove(container);
        if let Some(resolver) = resolver {
            self.directory.remove_container(&resolver.names, &resolver.addresses);
        }
        self.descriptors.drop_held(&held_name(container));
    }

    /// Readies the container's own side and serves its DNS.
    async fn serve(&self, inside: Inside, names: Vec<String>) -> Result<()> {
        let container = inside.container.clone();
        let failure = |source| NetworkError::Listener { container: container.clone(), source };
        let addresses: Vec<_> = inside.addresses.iter().map(|entry| (entry.network, entry.address)).collect();
        let asker = Asker {
            networks: addresses.iter().map(|(network, _)| *network).collect(),
            egress: inside.egress_source.is_some(),
            ipv6: inside.addresses.iter().any(|entry| entry.subnet6.is_some()),
        };
        let upstreams = match inside.nameservers.as_slice() {
            [] => Arc::clone(&self.upstreams),
            own => Arc::new(Upstreams(own.iter().map(|server| SocketAddr::new(*server, 53)).collect())),
        };
        let name = held_name(&container);
        let held = if inside.adopted { self.descriptors.take(&name) } else { None };
        let sockets = match held.filter(|sockets| sockets.len() == 2) {
            Some(sockets) => sockets,
            None => in_namespace(Arc::clone(&inside.namespace), move || inside.ready()).await??,
        };
        let copies: std::io::Result<Vec<_>> = sockets.iter().map(OwnedFd::try_clone).collect();
        self.descriptors.hold(&name, copies.map_err(failure)?);
        let directory = Arc::clone(&self.directory);
        let serving = serve(sockets, asker, directory, upstreams).map_err(failure)?;
        self.directory.add_container(&names, &addresses);
        self.served().insert(container, Resolver { names, addresses, _serving: serving });
        Ok(())
    }
}

/// What is to be done in a container's namespace.
struct Inside {
    container: String,
    namespace: Arc<OwnedFd>,
    addresses: Vec<Address>,
    egress_source: Option<Ipv4Addr>,
    nameservers: Vec<IpAddr>,
    adopted: bool,
}

impl Inside {
    /// Readies links and routes, unless they are, and opens the DNS sockets; to be called in the namespace.
    fn ready(&self) -> Result<Vec<OwnedFd>> {
        if !self.adopted {
            links::configure_container(&self.addresses, self.egress_source)?;
        }
        open_listener(&self.container)
    }
}

fn held_name(container: &str) -> String {
    format!("dns-{container}")
}

/// All that a container can be called by others on its host: its names, its id and the id's short form.
fn names_of(container: &str, task: Option<skep_model::TaskId>, mut names: Vec<String>) -> Vec<String> {
    names.push(container.to_owned());
    names.extend(container.get(..12).map(str::to_owned));
    names.extend(task.map(|task| task.to_string()));
    names
}

/// The DNS servers of `/etc/resolv.conf`, without our own address.
pub fn upstreams_of_host() -> Vec<SocketAddr> {
    let text = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    servers_in(&text)
}

fn servers_in(text: &str) -> Vec<SocketAddr> {
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let server: IpAddr =
            words.next().filter(|word| *word == "nameserver").and(words.next())?.parse().ok()?;
        (server != IpAddr::V4(RESOLVER)).then_some(SocketAddr::new(server, 53))
    });
    servers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_and_our_own_skipped() {
        let text =
            "# a comment\nsearch example.com\nnameserver 127.0.0.11\nnameserver 10.0.0.2\nnameserver ::1\n";
        let servers: Vec<_> = servers_in(text).iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.0.0.2:53", "[::1]:53"]);
    }
}
