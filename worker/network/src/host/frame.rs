use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::own_address::own_address;
use super::range::Range;
use super::ruleset::{
    BACK, HOPS, SAME, SEALED, SUBNETS, install, peer_elements, peer_of_hop, peer_of_pair, range_elements,
    range_of_element,
};
use super::tunnel::{End, Number};
use crate::family::Family;
use crate::nft::{Batch, Element, Set};

/// What is in one of our tables but for services and single containers, or should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// The end of the tunnel that the rules are made for.
    pub(super) end: Option<End>,
    /// The subnets of all networks.
    pub(super) subnets: BTreeSet<Range>,
    /// Those of encrypted ones.
    pub(super) sealed: BTreeSet<Range>,
    /// The other nodes.
    pub(super) peers: BTreeMap<Number, Ipv4Addr>,
}

impl Frame {
    /// What the sets of a table tell, which has the rules for this end.
    pub(super) fn read(
        family: Family,
        end: Option<End>,
        mut elements: impl FnMut(&'static Set) -> BTreeSet<Element>,
    ) -> Self {
        let peers = match family {
            Family::V4 => elements(&BACK).iter().filter_map(peer_of_pair).collect(),
            // Their addresses are not in such a table.
            Family::V6 => {
                let hops = elements(&HOPS);
                let numbers = hops.iter().filter_map(peer_of_hop);
                numbers.map(|number| (number, Ipv4Addr::UNSPECIFIED)).collect()
            }
        };
        Self {
            end,
            subnets: elements(&SAME).iter().filter_map(range_of_element).collect(),
            sealed: elements(&SEALED).iter().filter_map(range_of_element).collect(),
            peers,
        }
    }

    /// Adds all of it to a new table.
    pub(super) fn all(&self, batch: &mut Batch) {
        self.rules(batch);
        self.difference(&Self { end: self.end, ..Self::default() }, batch);
    }

    /// Adds the rules.
    pub(super) fn rules(&self, batch: &mut Batch) {
        install(batch, own_address(batch.family()), self.end.as_ref());
    }

    /// Adds what makes this of the other.
    pub(super) fn difference(&self, before: &Self, batch: &mut Batch) {
        // Most changes are of services alone, and the elements of a thousand nodes take longer to make than to compare.
        if self == before {
            return;
        }
        if self.end != before.end {
            self.rules(batch);
        }
        let family = batch.family();
        let peers = |frame: &Self| peer_elements(family, &frame.peers);
        for ((set, old), (_, new)) in peers(before).iter().zip(peers(self)) {
            batch.remove(set, &old.difference(&new).cloned().collect::<Vec<_>>());
            batch.add(set, &new.difference(old).cloned().collect::<Vec<_>>());
        }
        let (plain, pairs) = range_elements(before.subnets.difference(&self.subnets));
        batch.remove(&SUBNETS, &plain);
        batch.remove(&SAME, &pairs);
        let (plain, pairs) = range_elements(self.subnets.difference(&before.subnets));
        batch.add(&SUBNETS, &plain);
        batch.add(&SAME, &pairs);
        batch.remove(&SEALED, &range_elements(before.sealed.difference(&self.sealed)).1);
        batch.add(&SEALED, &range_elements(self.sealed.difference(&before.sealed)).1);
    }
}
