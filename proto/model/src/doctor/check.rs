use std::fmt;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum Check {
    /// Whether the node answers managers, and reaches them.
    Managers,
    /// The way to each other node: whether packets pass, how big, unaltered, and how many are lost.
    Paths,
    /// The node's clock against the leader's.
    Clock,
    /// How long the certificates of nodes and root are still valid.
    Certificates,
    /// Room for data.
    DiskSpace,
    /// How long data takes to be on disk.
    DiskSpeed,
    /// The DNS servers for names that are not the swarm's.
    Dns,
    /// Whether services are led to their tasks.
    Services,
    /// Whether published ports are answered.
    Ports,
    /// What the kernel must be able to do.
    Kernel,
    /// Settings of the kernel, and rules of other programs, that keep packets from passing.
    Firewall,
    /// Room for connections in the kernel's table.
    Connections,
    /// What is in the kernel of the node's networks, against what should be.
    Network,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Managers,
        Self::Paths,
        Self::Clock,
        Self::Certificates,
        Self::DiskSpace,
        Self::DiskSpeed,
        Self::Dns,
        Self::Services,
        Self::Ports,
        Self::Kernel,
        Self::Firewall,
        Self::Connections,
        Self::Network,
    ];
    /// Those of a host that is in no swarm.
    pub const ALONE: [Self; 6] =
        [Self::DiskSpace, Self::DiskSpeed, Self::Dns, Self::Kernel, Self::Firewall, Self::Connections];
    /// Those of a member that no manager answers.
    pub const WITHOUT_MANAGERS: [Self; 10] = [
        Self::Managers,
        Self::Paths,
        Self::DiskSpace,
        Self::DiskSpeed,
        Self::Dns,
        Self::Ports,
        Self::Kernel,
        Self::Firewall,
        Self::Connections,
        Self::Network,
    ];
}

impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Managers => "managers",
            Self::Paths => "paths",
            Self::Clock => "clock",
            Self::Certificates => "certificates",
            Self::DiskSpace => "disk-space",
            Self::DiskSpeed => "disk-speed",
            Self::Dns => "dns",
            Self::Services => "services",
            Self::Ports => "ports",
            Self::Kernel => "kernel",
            Self::Firewall => "firewall",
            Self::Connections => "connections",
            Self::Network => "network",
        })
    }
}
