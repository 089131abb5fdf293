use clap::ValueEnum;

/// What can be measured, in the order in which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Measure {
    /// Connections to two stacks in turn, through all hosts.
    Connections,
    /// Requests and connections per second, against plain ways.
    Throughput,
    /// Everything killed and started at once.
    Starts,
    /// Stacks created and removed.
    Cycles,
    /// From a change until names answer right.
    Dns,
    /// Packets lost, links slow.
    BadLinks,
    /// Nodes cut off, rebooted, moved; a leader killed.
    Faults,
}
