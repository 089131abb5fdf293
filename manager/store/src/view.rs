//! The state at one moment.

use std::net::Ipv4Addr;
use std::sync::Arc;

use skep_model::{
    Attachment, AttachmentId, Cluster, Kind, Network, NetworkId, Node, NodeId, Object, ObjectKey, Service,
    ServiceId, ServiceRevision, ServiceSpec, Stack, StackId, Subnet, Task, TaskId, Timestamp, Transaction,
};
use thiserror::Error;

use crate::apply;
use crate::refused::Refused;
use crate::resting;
use crate::tables::Tables;

/// The state at one moment. Free to take and to clone.
#[derive(Clone, Debug)]
pub struct View {
    tables: Arc<Tables>,
}

/// A name, id or prefix does not lead to one object.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FindError {
    /// Nothing fits.
    #[error("no such {}: {reference}", kind.word())]
    NotFound {
        /// What was looked for.
        kind: Kind,
        /// By this.
        reference: String,
    },
    /// More than one id starts so.
    #[error("{} {reference} is ambiguous ({count} matches found)", kind.word())]
    Ambiguous {
        /// What was looked for.
        kind: Kind,
        /// By this.
        reference: String,
        /// How many there are.
        count: usize,
    },
}

impl View {
    pub(crate) fn new(tables: Arc<Tables>) -> Self {
        Self { tables }
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Index of the last log entry in it.
    pub fn version(&self) -> u64 {
        self.tables.version
    }

    /// The version at which an object of the kind was last changed.
    pub fn changed_at(&self, kind: Kind) -> u64 {
        self.tables.changed[kind as usize]
    }

    /// Every object.
    pub fn objects(&self) -> impl Iterator<Item = Object> + '_ {
        self.tables.objects()
    }

    /// One object.
    pub fn get(&self, key: ObjectKey) -> Option<Object> {
        self.tables.get(key)
    }

    /// Whether a transaction would be applied as things stand (but for names).
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, transaction: &Transaction) -> Result<(), Refused> {
        apply::check(&self.tables, transaction)
    }

    /// The swarm, once it is initialised.
    pub fn cluster(&self) -> Option<&Arc<Cluster>> {
        self.tables.clusters.values().next()
    }

    /// One node.
    pub fn node(&self, id: NodeId) -> Option<&Arc<Node>> {
        self.tables.nodes.get(&id)
    }

    /// The manager with this id in Raft.
    pub fn member(&self, raft_id: u64) -> Option<&Arc<Node>> {
        self.nodes().find(|node| node.is_member(raft_id))
    }

    /// All nodes, by id.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.tables.nodes.values()
    }

    /// One stack.
    pub fn stack(&self, id: StackId) -> Option<&Arc<Stack>> {
        self.tables.stacks.get(&id)
    }

    /// The stack of this name.
    pub fn stack_named(&self, name: &str) -> Option<&Arc<Stack>> {
        match self.named(Kind::Stack, name)? {
            ObjectKey::Stack(id) => self.stack(id),
            _ => None,
        }
    }

    /// All stacks, by id.
    pub fn stacks(&self) -> impl Iterator<Item = &Arc<Stack>> {
        self.tables.stacks.values()
    }

    /// One network.
    pub fn network(&self, id: NetworkId) -> Option<&Arc<Network>> {
        self.tables.networks.get(&id)
    }

    /// The network of this name.
    pub fn network_named(&self, name: &str) -> Option<&Arc<Network>> {
        match self.named(Kind::Network, name)? {
            ObjectKey::Network(id) => self.network(id),
            _ => None,
        }
    }

    /// All networks, by id.
    pub fn networks(&self) -> impl Iterator<Item = &Arc<Network>> {
        self.tables.networks.values()
    }

    /// The network that carries the traffic of published ports.
    pub fn ingress(&self) -> Option<&Arc<Network>> {
        self.networks().find(|network| network.spec.ingress)
    }

    /// One service.
    pub fn service(&self, id: ServiceId) -> Option<&Arc<Service>> {
        self.tables.services.get(&id)
    }

    /// The service of this name.
    pub fn service_named(&self, name: &str) -> Option<&Arc<Service>> {
        match self.named(Kind::Service, name)? {
            ObjectKey::Service(id) => self.service(id),
            _ => None,
        }
    }

    /// All services, by id.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.tables.services.values()
    }

    /// A spec that tasks name.
    pub fn revision(&self, service: ServiceId, spec_version: u64) -> Option<&Arc<ServiceRevision>> {
        self.tables.revisions.get(&(service, spec_version))
    }

    /// All specs that tasks may name.
    pub fn revisions(&self) -> impl Iterator<Item = &Arc<ServiceRevision>> {
        self.tables.revisions.values()
    }

    /// The spec that a task runs.
    pub fn task_spec(&self, task: &Task) -> Option<&Arc<ServiceSpec>> {
        self.revision(task.service, task.spec_version).map(|revision| &revision.spec)
    }

    /// One task.
    pub fn task(&self, id: TaskId) -> Option<&Arc<Task>> {
        self.tables.tasks.get(&id)
    }

    /// All tasks, by id.
    pub fn tasks(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.tables.tasks.values()
    }

    /// One attachment.
    pub fn attachment(&self, id: AttachmentId) -> Option<&Arc<Attachment>> {
        self.tables.attachments.get(&id)
    }

    /// All attachments, by id.
    pub fn attachments(&self) -> impl Iterator<Item = &Arc<Attachment>> {
        self.tables.attachments.values()
    }

    /// A node's attachments.
    pub fn node_attachments(&self, node: NodeId) -> impl Iterator<Item = &Arc<Attachment>> {
        let all = self.tables.indexes.node_attachments.range((node, AttachmentId::new(0))..);
        all.take_while(move |entry| entry.0 == node).filter_map(|entry| self.attachment(entry.1))
    }

    /// The services that carry the label of this stack.
    pub fn stack_services(&self, stack: &str) -> Vec<&Arc<Service>> {
        let keys = self.stack_keys(stack);
        keys.filter_map(|key| if let ObjectKey::Service(id) = key { self.service(id) } else { None })
            .collect()
    }

    /// The networks that carry the label of this stack.
    pub fn stack_networks(&self, stack: &str) -> Vec<&Arc<Network>> {
        let keys = self.stack_keys(stack);
        keys.filter_map(|key| if let ObjectKey::Network(id) = key { self.network(id) } else { None })
            .collect()
    }

    /// The names of stacks that any label names.
    pub fn stack_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.tables.indexes.stacks.iter().map(|entry| entry.0.clone()).collect();
        names.dedup();
        names
    }

    /// Whether anything holds the address.
    pub fn address_in_use(&self, network: NetworkId, address: Ipv4Addr) -> bool {
        self.tables.indexes.addresses.contains_key(&(network, address))
    }

    /// The addresses of a network that something holds, from `first` on, in order.
    pub fn addresses_in_use(&self, network: NetworkId, first: Ipv4Addr) -> impl Iterator<Item = Ipv4Addr> {
        let from_first = self.tables.indexes.addresses.range((network, first)..);
        from_first.take_while(move |(held, _)| held.0 == network).map(|(held, _)| held.1)
    }

    /// Until when an address that was released may not be given out again; none when it may.
    pub fn address_rests_until(&self, address: Ipv4Addr, now: Timestamp) -> Option<Timestamp> {
        self.subnet_rests_until(resting::single(address), now)
    }

    /// Until when a network's subnet that was released may not be given out again; none when it may.
    pub fn subnet_rests_until(&self, subnet: Subnet, now: Timestamp) -> Option<Timestamp> {
        self.tables.resting.released_at(subnet).and_then(|at| resting::end(at, now))
    }

    /// What rests in this range, single addresses as subnets of one, each with when it may be given out again.
    pub fn resting_within(
        &self,
        range: Subnet,
        now: Timestamp,
    ) -> impl Iterator<Item = (Subnet, Timestamp)> + '_ {
        self.tables.resting.within(range).filter_map(move |(each, at)| Some((each, resting::end(at, now)?)))
    }

    /// The same, each with when it was released.
    pub fn released_within(
        &self,
        range: Subnet,
        now: Timestamp,
    ) -> impl Iterator<Item = (Subnet, Timestamp)> + '_ {
        self.tables.resting.within(range).filter(move |(_, at)| resting::end(*at, now).is_some())
    }

    /// All that was released a moment ago, single addresses as subnets of one, each with when: what a snapshot keeps of it.
    pub fn resting(&self) -> impl Iterator<Item = (Subnet, Timestamp)> + '_ {
        self.tables.resting.iter()
    }

    /// A service by id, name or unique start of its id, in this order.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find_service(&self, reference: &str) -> Result<&Arc<Service>, FindError> {
        let exact = reference.parse().ok().and_then(|id| self.service(id));
        let named = exact.or_else(|| self.service_named(reference));
        named.map_or_else(|| by_prefix(Kind::Service, reference, self.services(), |service| service.id), Ok)
    }

    /// A network by id, name or unique start of its id, in this order.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find_network(&self, reference: &str) -> Result<&Arc<Network>, FindError> {
        let exact = reference.parse().ok().and_then(|id| self.network(id));
        let named = exact.or_else(|| self.network_named(reference));
        named.map_or_else(|| by_prefix(Kind::Network, reference, self.networks(), |network| network.id), Ok)
    }

    /// A task by id or unique start of it.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find_task(&self, reference: &str) -> Result<&Arc<Task>, FindError> {
        let exact = reference.parse().ok().and_then(|id| self.task(id));
        exact.map_or_else(|| by_prefix(Kind::Task, reference, self.tasks(), |task| task.id), Ok)
    }

    /// A node by id, host name or unique start of its id, in this order.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find_node(&self, reference: &str) -> Result<&Arc<Node>, FindError> {
        if let Some(node) = reference.parse().ok().and_then(|id| self.node(id)) {
            return Ok(node);
        }
        let mut named = self.nodes().filter(|node| node.description.hostname == reference);
        match (named.next(), named.count()) {
            (Some(node), 0) => Ok(node),
            (Some(_), more) => Err(FindError::Ambiguous {
                kind: Kind::Node,
                reference: reference.to_owned(),
                count: more + 1,
            }),
            (None, _) => by_prefix(Kind::Node, reference, self.nodes(), |node| node.id),
        }
    }

    #[cfg(test)]
    pub(crate) fn indexes(&self) -> &crate::index::Indexes {
        &self.tables.indexes
    }

    pub(crate) fn named(&self, kind: Kind, name: &str) -> Option<ObjectKey> {
        self.tables.indexes.names.get(&(kind, name.to_owned())).copied()
    }

    fn stack_keys(&self, stack: &str) -> impl Iterator<Item = ObjectKey> + '_ {
        let stack = stack.to_owned();
        let first = (stack.clone(), ObjectKey::Cluster(skep_model::ClusterId::new(0)));
        let all = self.tables.indexes.stacks.range(first..);
        all.take_while(move |entry| entry.0 == stack).map(|entry| entry.1)
    }
}

pub(crate) fn by_prefix<'a, T, I: ToString>(
    kind: Kind,
    reference: &str,
    all: impl Iterator<Item = &'a Arc<T>>,
    id: impl Fn(&T) -> I,
) -> Result<&'a Arc<T>, FindError> {
    let mut found =
        all.filter(|object| !reference.is_empty() && id(object).to_string().starts_with(reference));
    match (found.next(), found.count()) {
        (Some(object), 0) => Ok(object),
        (Some(_), more) => {
            Err(FindError::Ambiguous { kind, reference: reference.to_owned(), count: more + 1 })
        }
        (None, _) => Err(FindError::NotFound { kind, reference: reference.to_owned() }),
    }
}
