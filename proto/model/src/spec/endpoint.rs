use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::UnknownWord;

/// How a service is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct EndpointSpec {
    /// What its name leads to.
    pub mode: EndpointMode,
    /// Its published ports.
    pub ports: Vec<PortConfig>,
}

/// What a service's name leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum EndpointMode {
    /// One virtual address that balances over the tasks.
    #[default]
    Vip,
    /// The addresses of the tasks themselves.
    Dnsrr,
}

/// One published port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct PortConfig {
    /// The transport protocol.
    pub protocol: Protocol,
    /// The port in the task, 1 to 65535.
    pub target: u16,
    /// The port on the nodes; 0 asks for one of the dynamic range.
    pub published: u16,
    /// Where it is published.
    pub mode: PortMode,
    /// The node's address on which alone it is published; none for all of them.
    pub address: Option<IpAddr>,
}

impl EndpointSpec {
    /// The ports that every node publishes.
    pub fn ingress_ports(&self) -> impl Iterator<Item = &PortConfig> {
        self.ports.iter().filter(|port| port.mode == PortMode::Ingress)
    }

    /// The ports that only the nodes with a task publish, for that task alone.
    pub fn host_ports(&self) -> impl Iterator<Item = &PortConfig> {
        self.ports.iter().filter(|port| port.mode == PortMode::Host)
    }
}

impl PortConfig {
    /// Whether one node cannot publish both: the same port, and an address in common. A port that is still to be chosen does not
    /// clash.
    pub fn clashes(&self, other: &Self) -> bool {
        let apart = matches!((self.address, other.address), (Some(one), Some(another)) if one != another);
        self.published != 0 && (self.protocol, self.published) == (other.protocol, other.published) && !apart
    }
}

/// Where a port is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum PortMode {
    /// On every node, balanced over all tasks.
    #[default]
    Ingress,
    /// On the nodes with a task of the service, each leading to its own task.
    Host,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

impl FromStr for Protocol {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "tcp" => Ok(Self::Tcp),
            "udp" => Ok(Self::Udp),
            _ => Err(UnknownWord { word: word.into(), known: "tcp, udp" }),
        }
    }
}
