use std::net::IpAddr;

use super::{Chooser, Key};
use crate::family::{from_octets, octets};
use crate::nft::{Element, Set};

/// Where a connection is led: an address, and a port unless the port stays.
pub(crate) type Target = (IpAddr, Option<u16>);

/// Where something leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    /// Where connections may be led; nowhere refuses them.
    pub(crate) targets: Vec<Target>,
    /// Whether connections from one address are led to one target, as long as the targets stay; else to one after the other.
    pub(crate) by_source: bool,
}

impl Balance {
    /// What must be in the maps for the key to lead there: the first tells how a task is chosen, the others are what is chosen from.
    pub(super) fn elements(&self, key: Key) -> Vec<(&'static Set, Element)> {
        let bytes = key.bytes();
        let behind = |number: u32| [bytes.as_slice(), &number.to_ne_bytes()].concat();
        let first = Element::Key(behind(Chooser::of(key, self).number()));
        let target = |(place, (address, port)): (u32, &Target)| {
            let mut value = octets(*address);
            value.extend(port.iter().flat_map(|port| [port.to_be_bytes(), [0; 2]].concat()));
            Element::Value { key: behind(place), value }
        };
        let targets = (0..u32::from(Chooser::MAX)).zip(&self.targets).map(target);
        let targets = targets.map(|element| (key.kind().targets(), element));
        std::iter::once((key.kind().choices(), first)).chain(targets).collect()
    }

    /// The target behind the value of an element.
    pub(super) fn target(value: &[u8]) -> Option<Target> {
        // A port, if there is one, fills as many bytes as a register has.
        let length = if value.len() < 16 { 4 } else { 16 };
        let port = value.get(length..length + 2).and_then(|bytes| bytes.first_chunk().copied());
        Some((from_octets(value.get(..length)?)?, port.map(u16::from_be_bytes)))
    }
}
