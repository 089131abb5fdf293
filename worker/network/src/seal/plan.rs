use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use skep_model::TunnelKey;

use crate::host::tunnel::{Number, Outer};

/// With whom packets are exchanged encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealPlan {
    pub(crate) number: Number,
    /// Where datagrams come from and go to.
    pub(crate) outer: Outer,
    /// This node's key as managers know it, and so the other nodes.
    pub(crate) known_key: Option<TunnelKey>,
    pub(crate) peers: BTreeMap<Number, SealPeer>,
}

/// Another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SealPeer {
    pub(crate) address: Ipv4Addr,
    pub(crate) key: TunnelKey,
}
