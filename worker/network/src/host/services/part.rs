use std::collections::BTreeSet;

use super::{Key, Plan};
use crate::family::Family;
use crate::host::tunnel::Reach;
use crate::host::twins::Twins;

/// A part of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its keys, some of which may lead nowhere any more; none when it is all of the plan.
    pub(crate) keys: Option<BTreeSet<Key>>,
    pub(crate) plan: Plan,
}

impl Part {
    /// What of it is of IPv4.
    pub(crate) fn of_ipv4(mut self) -> Self {
        let others = self.plan.keys().filter(|key| !key.is_of(Family::V4)).collect::<Vec<_>>();
        others.into_iter().for_each(|key| drop(self.plan.remove(key)));
        if let Some(keys) = &mut self.keys {
            keys.retain(|key| key.is_of(Family::V4));
        }
        self
    }

    /// The same of the plan for IPv6, see [`Plan::beside`].
    pub(crate) fn beside(&self, twins: &Twins, reach: &Reach) -> Self {
        let beside = |keys: &BTreeSet<Key>| keys.iter().filter_map(|key| key.beside(twins)).collect();
        Self { keys: self.keys.as_ref().map(beside), plan: self.plan.beside(twins, reach) }
    }
}
