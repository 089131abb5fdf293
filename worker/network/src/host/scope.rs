use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use skep_model::EndpointTable;

use super::owners::addresses;
use super::services::Key;

/// What a change of some services concerns.
#[derive(Debug)]
pub(super) struct Scope {
    /// What led, or leads, to them.
    pub(super) keys: BTreeSet<Key>,
    /// The addresses of their tasks, before and after.
    pub(super) addresses: BTreeSet<Ipv4Addr>,
}

impl Scope {
    /// Of the way from what `undo` restores (see [`EndpointTable::merge`]) to the table.
    pub(super) fn new(table: &EndpointTable, undo: &EndpointTable) -> Self {
        let changed =
            undo.services.iter().map(|service| service.id).chain(undo.services_gone.iter().copied());
        let now: Vec<_> = changed.filter_map(|id| table.service(id)).collect();
        let both = || undo.services.iter().chain(now.iter().copied());
        Self {
            keys: both().flat_map(Key::of_service).collect(),
            addresses: both().flat_map(addresses).collect(),
        }
    }
}
