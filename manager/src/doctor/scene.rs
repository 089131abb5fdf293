use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skep_model::{Node, NodeId, NodeReport, Timestamp, limits};
use skep_store::View;

/// What a node said, and what its connection showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// What it said.
    pub(crate) report: NodeReport,
    /// When it came, by the leader's clock.
    pub(crate) at: Timestamp,
    /// When the node's certificate ends.
    pub(crate) certificate_ends: Timestamp,
}

/// All that is judged.
pub(crate) struct Scene<'a> {
    /// The cluster's state.
    pub(crate) view: &'a View,
    /// The leader's clock.
    pub(crate) now: Timestamp,
    /// When the root certificate ends, if it can be read.
    pub(crate) root_ends: Option<Timestamp>,
    /// The nodes that had a session when they were asked.
    pub(crate) connected: BTreeSet<NodeId>,
    /// What they answered.
    pub(crate) answers: BTreeMap<NodeId, Arc<Answer>>,
}

impl Scene<'_> {
    /// What people call a node: its host name, with its id where another node has the same.
    pub(crate) fn name(&self, id: NodeId) -> String {
        let Some(node) = self.view.node(id) else { return id.to_string() };
        let hostname = &node.description.hostname;
        let same = self.view.nodes().filter(|other| other.description.hostname == *hostname).count();
        match (hostname.is_empty(), same) {
            (true, _) => id.to_string(),
            (false, 1) => hostname.clone(),
            _ => format!("{hostname} ({id})"),
        }
    }

    /// Where a node's end of the tunnel is.
    pub(crate) fn address(&self, id: NodeId) -> String {
        let node = self.view.node(id);
        let address = node.map(|node| match node.data_path() {
            Some(address) => address.to_string(),
            None => node.status.address.clone(),
        });
        address.unwrap_or_default()
    }

    /// The UDP port of every node's tunnel.
    pub(crate) fn tunnel_port(&self) -> u16 {
        match self.view.cluster().map_or(0, |cluster| cluster.spec.data_path_port) {
            0 => limits::TUNNEL_PORT_DEFAULT,
            port => port,
        }
    }

    /// The node whose manager is reached there.
    pub(crate) fn manager_at(&self, address: &str) -> Option<&Node> {
        let there = |node: &&Arc<Node>| node.manager.as_ref().is_some_and(|own| own.address == address);
        self.view.nodes().find(there).map(|node| &**node)
    }
}
