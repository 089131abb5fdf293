use crate::{ContainerSpec, PortConfig, Resources};

/// A container that is no service's task: it runs where it was asked for, and nobody replaces it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlainSpec {
    /// What runs in it.
    pub container: ContainerSpec,
    /// What it may use.
    pub resources: Resources,
    /// The ports of its node that lead to it; 0 as published asks for a free one.
    pub ports: Vec<PortConfig>,
    /// What it is connected to.
    pub network: PlainNetwork,
    /// True when its process has a terminal.
    pub terminal: bool,
    /// True when its standard input is open for those who attach.
    pub stdin: bool,
    /// True when it is removed as soon as it has ended.
    pub auto_remove: bool,
}

/// What a plain container is connected to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PlainNetwork {
    /// An address that only its node knows, with a way to the outside and to the node's other containers of that kind (Docker's `bridge`).
    #[default]
    Bridge,
    /// Nothing but its own loopback.
    None,
    /// The network of its node itself.
    Host,
    /// Attachable networks of the swarm.
    Swarm(Vec<PlainPlace>),
}

/// A network of the swarm that a plain container is to be on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct PlainPlace {
    /// The network's name, its id, or a unique start of that.
    pub network: String,
    /// Names on the network beside the container's own.
    pub aliases: Vec<String>,
}
