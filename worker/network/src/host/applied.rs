use crate::PortInUse;

/// The outcome of [`crate::Network::apply`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The table's version that the kernel now follows.
    pub version: u64,
    /// Published ports that another process of this host has: they are left out, and tried again with the next table.
    pub ports_in_use: Vec<PortInUse>,
}
