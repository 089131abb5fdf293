use std::fmt;
use std::net::Ipv4Addr;

use crate::{GenericResource, Labels, Meta, NodeCertificate, NodeId, NodeSpec, Timestamp, TunnelKey};

/// One host of the swarm.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Node {
    /// Its id, which is also the common name of its certificate.
    pub id: NodeId,
    /// Version and times.
    pub meta: Meta,
    /// What the operator wants of it.
    pub spec: NodeSpec,
    /// The role that it has.
    pub role: NodeRole,
    /// What it says of itself.
    pub description: NodeDescription,
    /// How it is.
    pub status: NodeStatus,
    /// Its part in Raft, when it is a manager.
    pub manager: Option<ManagerStatus>,
    /// SHA-256 of the public key in its certificate, 64 digits: by it the node comes back when its certificate has ended.
    pub key_digest: String,
    /// Its certificate, as it said last; none until it has said it.
    pub certificate: Option<NodeCertificate>,
    /// Its number in the tunnel between nodes, which no other node has; 0 until it is given one.
    pub number: u16,
}

impl Node {
    /// Where its end of the tunnel between nodes is: at its data path address, or where it calls from; none while nobody knows an
    /// address at which others reach it.
    #[must_use]
    pub fn data_path(&self) -> Option<Ipv4Addr> {
        let text = match self.description.data_path_address.as_str() {
            "" => &self.status.address,
            own => own,
        };
        let address: Ipv4Addr = text.parse().ok()?;
        (!address.is_loopback() && !address.is_unspecified()).then_some(address)
    }

    /// The node as a worker that nobody wants to be a manager.
    #[must_use]
    pub fn into_worker(mut self) -> Self {
        self.spec.role = NodeRole::Worker;
        Self { role: NodeRole::Worker, manager: None, ..self }
    }

    /// Whether it may be there: neither down nor gone away.
    #[must_use]
    pub fn may_be_there(&self) -> bool {
        matches!(self.status.state, NodeState::Ready | NodeState::Unknown)
    }

    /// Whether it is the manager with this id in Raft.
    #[must_use]
    pub fn is_member(&self, raft_id: u64) -> bool {
        self.manager.as_ref().is_some_and(|manager| manager.raft_id == raft_id)
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum NodeRole {
    /// It runs tasks.
    #[default]
    Worker,
    /// It also keeps the cluster's state.
    Manager,
}

impl fmt::Display for NodeRole {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Worker => "worker",
            Self::Manager => "manager",
        })
    }
}

/// What a node says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct NodeDescription {
    /// Its host name.
    pub hostname: String,
    /// Its machine type as the kernel says it, e.g. `x86_64`.
    pub architecture: String,
    /// Its operating system, `linux`.
    pub os: String,
    /// Its CPUs, in billionths of one.
    pub nano_cpus: u64,
    /// Its memory in bytes.
    pub memory_bytes: u64,
    /// The version of its engine.
    pub engine_version: String,
    /// The labels that its daemon was started with.
    pub engine_labels: Labels,
    /// Its present key for encrypted networks; none where it has none.
    pub tunnel_key: Option<TunnelKey>,
    /// Where its end of the tunnel between nodes is reached, an IPv4 address; empty: where the node calls from.
    pub data_path_address: String,
    /// Whether its containers have IPv6.
    pub ipv6: bool,
    /// What it has of the things that the operator named.
    pub generic: Vec<GenericResource>,
    /// Its named volumes, in the order of names: tasks that mount one go where it is.
    pub volumes: Vec<String>,
}

/// How a node is.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct NodeStatus {
    /// What managers know.
    pub state: NodeState,
    /// Why, for people.
    pub message: String,
    /// The address that it was last seen at.
    pub address: String,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// How far its clock was ahead of the leader's when it came last, in milliseconds; negative: behind; 0: less than shown.
    pub clock_ahead_ms: i64,
}

/// What managers know of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum NodeState {
    /// The leader is new and has not heard of it yet.
    #[default]
    Unknown,
    /// It missed its heartbeats.
    Down,
    /// It is there.
    Ready,
    /// It said that it goes away.
    Disconnected,
}

impl fmt::Display for NodeState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Unknown => "unknown",
            Self::Down => "down",
            Self::Ready => "ready",
            Self::Disconnected => "disconnected",
        })
    }
}

/// A manager's part in Raft.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ManagerStatus {
    /// Its id in Raft; never used again after it leaves.
    pub raft_id: u64,
    /// Where other members reach it, `address:port`.
    pub address: String,
}
