use std::collections::BTreeSet;

use skep_model::{Backend, EndpointService, NetworkId, NodeId};

/// A service with all of its backends, before anybody asks from where they are seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// With the backends on nodes that others reach.
    pub(super) endpoint: EndpointService,
    /// The backends on nodes that nobody else reaches.
    pub(super) stranded: Vec<Backend>,
}

/// Who is told of a service.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Audience {
    /// Nodes with a task on one of these networks.
    pub(super) networks: Vec<NetworkId>,
    /// Every node.
    pub(super) everybody: bool,
}

impl Entry {
    /// As a node sees it that is reached by others, or (`alone`) is not.
    pub(super) fn seen_by(&self, node: NodeId, alone: bool) -> EndpointService {
        let here = |backend: &&Backend| backend.node == node;
        let stranded = self.stranded.iter().filter(here).cloned();
        if alone {
            let own = self.endpoint.backends.iter().filter(here).cloned().chain(stranded).collect();
            return EndpointService { backends: own, ..self.endpoint.clone() };
        }
        let mut endpoint = self.endpoint.clone();
        endpoint.backends.extend(stranded);
        endpoint
    }
}

impl Audience {
    /// Whether a node on these networks is told.
    pub(super) fn includes(&self, networks: &BTreeSet<NetworkId>) -> bool {
        self.everybody || self.networks.iter().any(|network| networks.contains(network))
    }
}
