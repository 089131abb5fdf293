use std::net::Ipv4Addr;

use super::Dismissal;
use crate::{GenericResource, Meta, NetworkId, NodeId, PortConfig, ServiceId, TaskId, TaskState, Timestamp};

/// One run of a service's container. Kept small: a pending one must cost well under a kilobyte.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Version and times.
    pub meta: Meta,
    /// Its service, which may be gone already.
    pub service: ServiceId,
    /// Which spec of the service it runs (`ServiceRevision`).
    pub spec_version: u64,
    /// Its place among the replicas, from 1; 0 of a global service's, whose place is its node.
    pub slot: u32,
    /// Where it runs, once the scheduler chose.
    pub node: Option<NodeId>,
    /// What managers want of it; only managers write this.
    pub desired: TaskState,
    /// How it is; from `Assigned` on only its node's agent writes this.
    pub status: TaskStatus,
    /// Its address on each of its networks, once allocated.
    pub networks: Box<[TaskNetwork]>,
    /// What came before it in its slot.
    pub restarts: Option<Box<RestartHistory>>,
    /// What it was given of its node's generic resources.
    pub generic: Box<[GenericResource]>,
    /// When it came into which state, oldest first; the store notes it.
    pub timeline: Box<[(TaskState, Timestamp)]>,
    /// Since when, and why, managers want it no more.
    pub dismissed: Option<Box<Dismissal>>,
}

/// A task's place on one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct TaskNetwork {
    /// The network.
    pub network: NetworkId,
    /// The task's address on it.
    pub address: Ipv4Addr,
}

/// How a task is.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct TaskStatus {
    /// Its state.
    pub state: TaskState,
    /// When it came into this state.
    pub at: Timestamp,
    /// What is going on, for people.
    pub message: Box<str>,
    /// What went wrong; empty when nothing did.
    pub error: Box<str>,
    /// Its container, once there is one.
    pub container: Option<Box<ContainerStatus>>,
}

/// A task's container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ContainerStatus {
    /// The container's id, 64 hexadecimal digits.
    pub id: String,
    /// Its first process on the node, while it runs.
    pub pid: Option<u32>,
    /// How it ended: the exit code, or 128 and the signal's number.
    pub exit_code: Option<i32>,
    /// True when the kernel killed it for memory.
    pub oom_killed: bool,
    /// The ports of its node that lead to it alone (host mode), those that were chosen included.
    pub ports: Vec<PortConfig>,
    /// The last lines that it wrote, oldest first, when it failed (`limits::LOG_TAIL_LINES`).
    pub log_tail: Vec<String>,
}

/// The replacements before a task in its slot, as far as the restart policy must know: a new leader goes on where the
/// old one stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct RestartHistory {
    /// Replacements of this slot with this spec so far, this task included.
    pub attempts: u32,
    /// When the latest of them were decided, oldest first; as many as the policy's bound needs.
    pub recent: Vec<Timestamp>,
    /// The task that this one replaces.
    pub replaces: Option<TaskId>,
    /// Not to be started before.
    pub not_before: Timestamp,
}

impl Task {
    /// Whether managers want it: to run, to get ready for that, or of a job, to come to its end.
    pub fn is_wanted(&self) -> bool {
        self.desired <= TaskState::Complete
    }

    /// Whether it is a job's that did all that is wanted of it.
    pub fn is_done(&self) -> bool {
        self.desired == TaskState::Complete && self.status.state == TaskState::Complete
    }

    /// Its address on a network.
    pub fn address_on(&self, network: NetworkId) -> Option<Ipv4Addr> {
        self.networks.iter().find(|place| place.network == network).map(|place| place.address)
    }
}
