use std::fmt;

use skep_model::{NodeState, PortConfig};

/// Why a node does not get a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not there.
    NotReady(NodeState),
    /// The operator lets it take no new tasks.
    Paused,
    /// The operator wants it empty.
    Drained,
    /// Less of something is free than the task reserves.
    Resources(Lack),
    /// No node has this driver.
    Driver(String),
    /// It does not meet this constraint; empty when a constraint cannot be read.
    Constraint(String),
    /// The image is for other machines.
    Platform {
        /// What the node is.
        has: String,
        /// What the image is for.
        asked: String,
    },
    /// A port that the task publishes in host mode is taken.
    HostPort {
        /// The port.
        port: PortConfig,
        /// The service whose task has it.
        by: String,
    },
    /// It has as many tasks of the service as it may: so many.
    ReplicasMax(u32),
}

/// What there is too little of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// CPUs, in billionths of one.
    Cpus {
        /// What the task reserves.
        asked: u64,
        /// What is left.
        free: u64,
    },
    /// Memory, in bytes.
    Memory {
        /// What the task reserves.
        asked: u64,
        /// What is left.
        free: u64,
    },
    /// Things of a kind that the operator named.
    Generic {
        /// The kind.
        kind: String,
        /// How many the task reserves.
        asked: u64,
        /// How many are left.
        free: u64,
    },
}

/// The filters that refuse, in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    /// Ready, and taking new tasks.
    Ready,
    /// CPUs, memory and generic resources.
    Resource,
    /// Volume and log drivers.
    Plugin,
    /// Constraints.
    Constraint,
    /// The image's platforms.
    Platform,
    /// Ports in host mode.
    HostPort,
    /// Tasks of the service on one node.
    MaxReplicas,
}

impl Filter {
    /// Docker Swarm's text for this many nodes.
    pub(super) fn text(self, count: u32) -> String {
        let nodes = if count == 1 { "node" } else { "nodes" };
        match self {
            Self::Ready => format!("{count} {nodes} not available for new tasks"),
            Self::Resource => format!("insufficient resources on {count} {nodes}"),
            Self::Plugin => format!("missing plugin on {count} {nodes}"),
            Self::Constraint => format!("scheduling constraints not satisfied on {count} {nodes}"),
            Self::Platform => format!("unsupported platform on {count} {nodes}"),
            Self::HostPort => format!("host-mode port already in use on {count} {nodes}"),
            Self::MaxReplicas => "max replicas per node limit exceed".to_owned(),
        }
    }
}

impl Refusal {
    /// The filter that refused.
    pub fn filter(&self) -> Filter {
        match self {
            Self::NotReady(_) | Self::Paused | Self::Drained => Filter::Ready,
            Self::Resources(_) => Filter::Resource,
            Self::Driver(_) => Filter::Plugin,
            Self::Constraint(_) => Filter::Constraint,
            Self::Platform { .. } => Filter::Platform,
            Self::HostPort { .. } => Filter::HostPort,
            Self::ReplicasMax(_) => Filter::MaxReplicas,
        }
    }

    /// How near the node was: the share of what is asked that is free, in billionths.
    pub(super) fn nearness(&self) -> u128 {
        let Self::Resources(lack) = self else { return 0 };
        let (Lack::Cpus { asked, free } | Lack::Memory { asked, free } | Lack::Generic { asked, free, .. }) =
            lack;
        u128::from(*free) * 1_000_000_000 / u128::from(*asked).max(1)
    }

    /// The example of this host, for people.
    pub(super) fn example(&self, hostname: &str) -> String {
        match self {
            Self::Resources(lack) => format!("{lack}, on {hostname}"),
            other => format!("{hostname} {other}"),
        }
    }
}

/// What the node is or has, to stand behind its name.
impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReady(state) => write!(out, "is {state}"),
            Self::Paused => out.write_str("is paused"),
            Self::Drained => out.write_str("is drained"),
            Self::Resources(lack) => write!(out, "has too little free ({lack})"),
            Self::Driver(driver) => write!(out, "has no {driver}"),
            Self::Constraint(text) if text.is_empty() => {
                out.write_str("cannot be compared: a constraint cannot be read")
            }
            Self::Constraint(text) => write!(out, "does not meet {text}"),
            Self::Platform { has, asked } => write!(out, "is {has}, the image is for {asked}"),
            Self::HostPort { port, by } => {
                write!(out, "has port {}/{} taken by {by}", port.published, port.protocol)
            }
            Self::ReplicasMax(count) => {
                let tasks = if *count == 1 { "task" } else { "tasks" };
                write!(out, "has {count} {tasks} of the service, as many as it may")
            }
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpus { asked, free } => {
                write!(out, "CPUs: {} asked, at most {} free", cpus(*asked), cpus(*free))
            }
            Self::Memory { asked, free } => {
                write!(out, "memory: {} asked, at most {} free", bytes(*asked), bytes(*free))
            }
            Self::Generic { kind, asked, free } => {
                write!(out, "{kind}: {asked} asked, at most {free} free")
            }
        }
    }
}

fn cpus(nano: u64) -> String {
    // Thousandths: no finer step can be seen by anyone.
    let milli = nano / 1_000_000;
    let text = format!("{}.{:03}", milli / 1000, milli % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn bytes(bytes: u64) -> String {
    let (unit, word) = if bytes >= 1 << 30 { (1 << 30, "GiB") } else { (1 << 20, "MiB") };
    let tenths = u128::from(bytes) * 10 / unit;
    if tenths % 10 == 0 {
        format!("{} {word}", tenths / 10)
    } else {
        format!("{}.{} {word}", tenths / 10, tenths % 10)
    }
}
