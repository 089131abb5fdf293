use std::net::IpAddr;

use super::{Number, Outer};
use crate::family::Family;

/// This node's end of the tunnel, as the rules need to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) number: Number,
    /// Where it is among the hosts.
    pub(crate) outer: Outer,
}

impl End {
    /// The address with which containers on other nodes see the host itself.
    pub(crate) fn shown(&self, family: Family) -> IpAddr {
        match family {
            Family::V4 => self.outer.address.into(),
            Family::V6 => self.number.shown6().into(),
        }
    }
}
