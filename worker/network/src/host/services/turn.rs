use super::{Key, Kind};
use crate::family::{Family, octets};
use crate::nft::Element;

/// A chain that chooses tasks for all keys of a kind with one last byte. Each kind has up to 256, whatever the number of services:
/// the kernel looks at all of them for each rule that is added to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    pub(super) kind: Kind,
    last: u8,
}

impl Turn {
    /// The one of the key.
    pub(super) fn of(key: Key) -> Self {
        let last = match key {
            Key::Vip(vip) => octets(vip).last().copied().unwrap_or(0),
            Key::Port(_, port, _) => port.to_be_bytes()[1],
        };
        Self { kind: key.kind(), last }
    }

    /// The name of its chain.
    pub(super) fn name(self) -> String {
        format!("{}-{}", self.kind.name(), self.last)
    }

    /// The element that leads to it, in a table of the family.
    pub(super) fn element(self, family: Family) -> Element {
        Element::Chain { key: self.kind.turn_key(family, self.last), chain: self.name() }
    }
}
