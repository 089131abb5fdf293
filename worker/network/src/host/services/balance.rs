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
    /// What must be in the maps for the key to lead there: the first tells what chooses, the others are what it chooses from.
    pub(super) fn elements(&self, key: Key) -> Vec<(&'static Set, Element)> {
        let bytes = key.bytes();
        let chooser = Chooser::of(key, self).map_or(Chooser::NOTHING, Chooser::number);
        let first = Element::Value { key: bytes.clone(), value: chooser.to_ne_bytes().to_vec() };
        let target = |(place, (address, port)): (u32, &Target)| {
            let mut value = octets(*address);
            value.extend(port.iter().flat_map(|port| [port.to_be_bytes(), [0; 2]].concat()));
            let key = [bytes.as_slice(), &place.to_ne_bytes()].concat();
            Element::Value { key, value }
        };
        let targets = (0..u32::from(Chooser::MAX)).zip(&self.targets).map(target);
        std::iter::once((key.kind().choosers(), first))
            .chain(targets.map(|element| (key.kind().targets(), element)))
            .collect()
    }

    /// The target behind the value of an element.
    pub(super) fn target(value: &[u8]) -> Option<Target> {
        // A port, if there is one, fills as many bytes as a register has.
        let length = if value.len() < 16 { 4 } else { 16 };
        let port = value.get(length..length + 2).and_then(|bytes| bytes.first_chunk().copied());
        Some((from_octets(value.get(..length)?)?, port.map(u16::from_be_bytes)))
    }
}
