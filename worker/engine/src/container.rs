//! What is known of one container.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use skep_keeper::config::Network as KeeperNetwork;
use skep_keeper::protocol::{Record, Status};
use skep_model::{
    ContainerStatus, DnsConfig, EndpointNetwork, PortConfig, PortMode, Subnet, Subnet6, TaskId,
};
use skep_runtime::Latest;

use crate::health::Health;
use crate::mounts::StoredMount;
use crate::plain::{Plain, Waiting};
use crate::programs::Programs;

/// What a container is. It does not change, but for the places, ports and progress of a plain one, with each start and end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContainerInfo {
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The task that it runs, as shown.
    pub task: Option<String>,
    /// The image as it was named.
    pub image: String,
    /// The image's id.
    pub image_id: String,
    /// What it runs.
    pub command: Vec<String>,
    /// Its environment.
    pub environment: Vec<String>,
    /// Where its process starts.
    pub working_directory: String,
    /// As whom it runs.
    pub user: String,
    /// Its host name.
    pub hostname: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What is mounted into it.
    pub mounts: Vec<StoredMount>,
    /// Its networks and its addresses there.
    pub networks: Vec<NetworkPlace>,
    /// True when it may reach outside.
    pub egress: bool,
    /// The ports of this host that lead to it alone.
    #[serde(default)]
    pub ports: Vec<HostPort>,
    /// When it was made, nanoseconds since the epoch.
    pub created_ns: u64,
    /// The signal that asks it to stop.
    pub stop_signal: String,
    /// Milliseconds between that signal and SIGKILL.
    pub stop_grace_ms: u64,
    /// Limits: billionths of a CPU, bytes, processes; zero for none.
    pub limits: (u64, u64, u64),
    /// Further lines of its hosts(5).
    pub hosts: Vec<String>,
    /// How it looks up names.
    pub dns: StoredDns,
    /// True when its process has a terminal.
    pub terminal: bool,
    /// True when its standard input is open.
    pub stdin: bool,
    /// False when nothing of its output is kept.
    pub logs: bool,
    /// What is run in it beside its own process.
    pub programs: Programs,
    /// What it takes to start it, when it is no task's.
    #[serde(default)]
    pub plain: Option<Box<Plain>>,
}

/// How a container looks up names, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDns {
    /// Whom its resolver asks instead of whom the host asks.
    pub nameservers: Vec<String>,
    /// Domains in which short names are looked up, instead of the host's.
    pub search: Vec<String>,
    /// resolv.conf(5) options.
    pub options: Vec<String>,
}

impl From<&DnsConfig> for StoredDns {
    fn from(dns: &DnsConfig) -> Self {
        let DnsConfig { nameservers, search, options } = dns.clone();
        Self { nameservers, search, options }
    }
}

/// A container's place on one network, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkPlace {
    /// The network's id.
    pub network: String,
    /// The network's name.
    pub name: String,
    /// The container's address.
    pub address: String,
    /// The network's first address.
    pub subnet: String,
    /// The network's prefix length.
    pub prefix_bits: u8,
    /// The network's IPv6 subnet, in which the container has the address beside its own; empty without IPv6.
    #[serde(default)]
    pub subnet6: String,
    /// True when nothing on the network may reach outside.
    pub internal: bool,
}

impl NetworkPlace {
    /// With this address on the network.
    pub fn new(network: &EndpointNetwork, address: Ipv4Addr) -> Self {
        Self {
            network: network.id.to_string(),
            name: network.name.clone(),
            address: address.to_string(),
            subnet: network.subnet.address.to_string(),
            prefix_bits: network.subnet.prefix_bits,
            subnet6: network.subnet6.map(|subnet| subnet.to_string()).unwrap_or_default(),
            internal: network.internal,
        }
    }

    /// The container's IPv6 address there; none without IPv6.
    pub fn address6(&self) -> Option<Ipv6Addr> {
        let subnet = Subnet { address: self.subnet.parse().ok()?, prefix_bits: self.prefix_bits };
        self.subnet6.parse::<Subnet6>().ok()?.derive(subnet, self.address.parse().ok()?)
    }
}

/// A port of this host that leads to one container, as text where JSON needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPort {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The port in the container.
    pub target: u16,
    /// The port on the host.
    pub published: u16,
    /// The host's address on which alone it is open; none for all.
    pub address: Option<IpAddr>,
}

impl HostPort {
    /// In the words of the model; none when what was on disk makes no sense.
    pub(crate) fn config(&self) -> Option<PortConfig> {
        Some(PortConfig {
            protocol: self.protocol.parse().ok()?,
            target: self.target,
            published: self.published,
            mode: PortMode::Host,
            address: self.address,
        })
    }
}

impl ContainerInfo {
    /// The task, if it runs one.
    pub fn task_id(&self) -> Option<TaskId> {
        self.task.as_deref().and_then(|text| text.parse().ok())
    }

    /// Whether it has the network of the host, of which nothing is its own.
    pub(crate) fn on_host_network(&self) -> bool {
        self.plain.as_ref().is_some_and(|plain| plain.config.network == KeeperNetwork::Host)
    }
}

/// Where a container stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// It is being made.
    #[default]
    Making,
    /// It is made and not started.
    Created,
    /// It runs.
    Running,
    /// It ended.
    Exited,
}

/// How a container is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerState {
    /// Where it stands.
    pub phase: Phase,
    /// Its first process, while there is one.
    pub pid: Option<u32>,
    /// When it was started, nanoseconds since the epoch; 0 when it was not.
    pub started_ns: u64,
    /// When it ended; 0 when it has not.
    pub finished_ns: u64,
    /// How it ended: the exit code, or 128 and the signal's number.
    pub exit_code: Option<i32>,
    /// True when the kernel killed it for memory.
    pub oom_killed: bool,
    /// What went wrong.
    pub error: String,
    /// True when it is not there any more.
    #[serde(skip)]
    pub removed: bool,
}

impl ContainerState {
    /// The state that the keeper records.
    pub(crate) fn of(record: &Record) -> Self {
        let phase = match record.status {
            Status::Exited => Phase::Exited,
            Status::Running | Status::Paused => Phase::Running,
            Status::Creating | Status::Created => Phase::Created,
        };
        let ended = phase == Phase::Exited;
        Self {
            phase,
            pid: if ended { None } else { u32::try_from(record.pid).ok() },
            started_ns: record.started_ns.unwrap_or_default(),
            finished_ns: record.finished_ns.unwrap_or_default(),
            exit_code: if ended { record.exit_code } else { None },
            oom_killed: record.oom_killed,
            error: record.error.as_ref().map(ToString::to_string).unwrap_or_default(),
            removed: false,
        }
    }

    /// The state of a container whose keeper is gone: it was killed with it.
    pub(crate) fn lost(self, now_ns: u64) -> Self {
        Self {
            phase: Phase::Exited,
            pid: None,
            finished_ns: now_ns,
            exit_code: Some(137),
            error: "the container was killed with its keeper or by a restart of the machine".into(),
            ..self
        }
    }
}

/// One container: what it is and how it is.
#[derive(Clone, Debug)]
pub struct Container {
    /// What it is.
    pub info: ContainerInfo,
    /// How it is.
    pub state: Latest<ContainerState>,
    /// Whether it works; none before it has run, and without a check.
    pub health: Latest<Option<Health>>,
    /// Held by whoever starts, tidies up or removes a plain container: one at a time.
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
    /// Those who attach to a plain container's next run.
    pub(crate) waiting: Arc<Waiting>,
}

impl Container {
    pub(crate) fn new(info: ContainerInfo, state: ContainerState) -> Self {
        Self {
            info,
            state: Latest::new(state),
            health: Latest::new(None),
            turn: Arc::default(),
            waiting: Arc::default(),
        }
    }

    /// As managers hear of it.
    pub(crate) fn status(&self) -> ContainerStatus {
        let state = self.state.get();
        ContainerStatus {
            id: self.info.id.clone(),
            pid: state.pid,
            exit_code: state.exit_code,
            oom_killed: state.oom_killed,
            ports: self.info.ports.iter().filter_map(HostPort::config).collect(),
            log_tail: Vec::new(),
        }
    }
}
