use crate::{Meta, NetworkId, NetworkSpec, Subnet};

/// A network.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Network {
    /// Its id.
    pub id: NetworkId,
    /// Version and times.
    pub meta: Meta,
    /// What was asked for.
    pub spec: NetworkSpec,
    /// Its addresses, once the allocator gave it some.
    pub subnet: Option<Subnet>,
    /// Host part of the address given out last: the search for a free one goes on behind it, so that an address rests
    /// as long as possible before it is used again.
    pub address_cursor: u32,
    /// True when it was removed by its owner and only waits for the last tasks on it to end.
    pub removing: bool,
}
