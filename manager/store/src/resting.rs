//! What was used a moment ago and is not given out again yet.

use std::net::Ipv4Addr;

use imbl::{OrdMap, OrdSet};
use skep_model::{Object, Subnet, Timestamp, limits};

use crate::index::addresses_of;
use crate::tables::Tables;

/// Addresses (as subnets of one address) and subnets that were released, each with the time that the proposer of its release
/// saw. It is part of what is replicated: a new leader knows it, too. It holds what was released within the last
/// [`limits::ADDRESS_REST`] before the last command, and each address once: it does not grow without bound.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resting {
    released: OrdMap<Subnet, Timestamp>,
    by_time: OrdSet<(Timestamp, Subnet)>,
}

impl Resting {
    /// When it was released; none when it does not rest.
    pub(crate) fn released_at(&self, range: Subnet) -> Option<Timestamp> {
        self.released.get(&range).copied()
    }

    /// All of it, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Subnet, Timestamp)> + '_ {
        self.released.iter().map(|(range, at)| (*range, *at))
    }

    /// What rests and starts in this range.
    pub(crate) fn within(&self, range: Subnet) -> impl Iterator<Item = (Subnet, Timestamp)> + '_ {
        let first = Subnet { address: range.address, prefix_bits: 0 };
        let from_first = self.released.range(first..).map(|(range, at)| (*range, *at));
        from_first.take_while(move |(each, _)| range.contains(each.address))
    }

    /// It begins to rest.
    pub(crate) fn rest(&mut self, range: Subnet, at: Timestamp) {
        self.wake(range);
        self.released.insert(range, at);
        self.by_time.insert((at, range));
    }

    /// It is used again.
    fn wake(&mut self, range: Subnet) {
        if let Some(before) = self.released.remove(&range) {
            self.by_time.remove(&(before, range));
        }
    }

    /// Forgets what has rested long enough at this time.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        while let Some((at, range)) =
            self.by_time.get_min().copied().filter(|(at, _)| at.plus(limits::ADDRESS_REST) <= now)
        {
            self.by_time.remove(&(at, range));
            self.released.remove(&range);
        }
    }
}

/// When what was released at `at` has rested long enough; none when it has.
pub(crate) fn end(at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let end = at.plus(limits::ADDRESS_REST);
    // A release further ahead than a rest is long was timed by a clock that was wrong; it must not be waited for.
    (end > now && at <= now.plus(limits::ADDRESS_REST)).then_some(end)
}

/// One address as a subnet of its own.
pub(crate) fn single(address: Ipv4Addr) -> Subnet {
    Subnet { address, prefix_bits: 32 }
}

/// Notes what a change of an object released and what it took; the tables hold the object as it is after it.
pub(crate) fn note(tables: &mut Tables, before: Option<&Object>, after: Option<&Object>, at: Timestamp) {
    let addresses = |object: Option<&Object>| object.map(addresses_of).unwrap_or_default();
    let (freed, taken) = (addresses(before), addresses(after));
    for address in &taken {
        tables.resting.wake(single(address.1));
    }
    for address in freed.into_iter().filter(|address| !taken.contains(address)) {
        if !tables.indexes.addresses.contains_key(&address) {
            tables.resting.rest(single(address.1), at);
        }
    }
    let subnet = |object: Option<&Object>| match object {
        Some(Object::Network(network)) => network.subnet,
        _ => None,
    };
    match (subnet(before), subnet(after)) {
        (Some(before), after) if after != Some(before) => tables.resting.rest(before, at),
        _ => {}
    }
    if let Some(after) = subnet(after) {
        tables.resting.wake(after);
    }
}
