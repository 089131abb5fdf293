//! Nodes as the scheduler counts them.

use std::sync::Arc;

use skep_model::{GenericResource, Node, NodeId, PortConfig, ServiceId};
use skep_store::View;

use super::generic::Stock;
use super::needs::{Needs, fixed_ports};

/// One node. What is free on it is only counted when someone asks: most nodes are never looked at in a plan.
#[derive(Debug)]
pub(crate) struct Counted<'v> {
    pub(crate) node: &'v Arc<Node>,
    /// The tasks that use it, with those that this plan adds.
    pub(crate) tasks: u32,
    free: Option<Free>,
    stock: Option<Stock>,
}

/// What is left of a node.
#[derive(Clone, Debug)]
pub(crate) struct Free {
    pub(crate) nano_cpus: u64,
    pub(crate) memory_bytes: u64,
    /// The ports in host mode that are taken, and by which service.
    pub(crate) ports: Vec<(PortConfig, ServiceId)>,
}

/// All nodes, by id; what is decided in one plan is counted at once.
#[derive(Debug)]
pub(crate) struct NodeSet<'v> {
    pub(crate) view: &'v View,
    pub(crate) all: Vec<Counted<'v>>,
}

impl<'v> NodeSet<'v> {
    pub(crate) fn new(view: &'v View) -> Self {
        let all = view.nodes().map(|node| Counted {
            node,
            tasks: view.active_on_node(node.id),
            free: None,
            stock: None,
        });
        Self { view, all: all.collect() }
    }

    /// Where the node is in the list.
    pub(crate) fn position(&self, node: NodeId) -> Option<usize> {
        self.all.binary_search_by_key(&node, |counted| counted.node.id).ok()
    }
}

impl Counted<'_> {
    pub(crate) fn free(&mut self, view: &View) -> &Free {
        self.free.get_or_insert_with(|| Free::of(view, self.node))
    }

    pub(crate) fn stock(&mut self, view: &View) -> &Stock {
        self.stock.get_or_insert_with(|| Stock::of(view, self.node))
    }

    /// One more task with these needs, which must fit: gives what it gets of the node's generic resources.
    pub(crate) fn take(&mut self, view: &View, service: ServiceId, needs: &Needs) -> Box<[GenericResource]> {
        self.tasks += 1;
        if !needs.takes() {
            return Box::default();
        }
        let free = self.free.get_or_insert_with(|| Free::of(view, self.node));
        free.nano_cpus = free.nano_cpus.saturating_sub(needs.reserved.nano_cpus);
        free.memory_bytes = free.memory_bytes.saturating_sub(needs.reserved.memory_bytes);
        free.ports.extend(needs.ports.iter().map(|port| (*port, service)));
        if needs.reserved.generic.is_empty() {
            return Box::default();
        }
        self.stock.get_or_insert_with(|| Stock::of(view, self.node)).claim(&needs.reserved.generic)
    }
}

impl Free {
    fn of(view: &View, node: &Node) -> Self {
        let description = &node.description;
        let (nano_cpus, memory_bytes) = (description.nano_cpus, description.memory_bytes);
        let mut free = Self { nano_cpus, memory_bytes, ports: Vec::new() };
        for (service, version, count) in view.specs_on_node(node.id) {
            let Some(revision) = view.revision(service, version) else { continue };
            let (reserved, count) = (&revision.spec.task.resources.reservations, u64::from(count));
            free.nano_cpus = free.nano_cpus.saturating_sub(reserved.nano_cpus.saturating_mul(count));
            free.memory_bytes = free.memory_bytes.saturating_sub(reserved.memory_bytes.saturating_mul(count));
            free.ports.extend(fixed_ports(&revision.spec).map(|port| (*port, service)));
        }
        free
    }
}
