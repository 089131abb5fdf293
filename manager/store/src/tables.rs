//! All objects and their indexes.

use std::sync::Arc;

use imbl::OrdMap;
use skep_model::{
    Attachment, AttachmentId, Cluster, ClusterId, Config, ConfigId, Kind, Network, NetworkId, Node, NodeId,
    Object, ObjectKey, Secret, SecretId, Service, ServiceId, ServiceRevision, Stack, StackId, Task, TaskId,
    TaskRecord,
};

use crate::index::Indexes;
use crate::resting::Resting;

/// Number of kinds, for the table of last changes.
const KINDS: usize = Kind::TaskRecord as usize + 1;

/// Persistent maps: a clone shares everything and costs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    /// Index of the last log entry that was applied.
    pub(crate) version: u64,
    /// For each kind the version at which one of its objects was last changed.
    pub(crate) changed: [u64; KINDS],
    pub(crate) clusters: OrdMap<ClusterId, Arc<Cluster>>,
    pub(crate) nodes: OrdMap<NodeId, Arc<Node>>,
    pub(crate) stacks: OrdMap<StackId, Arc<Stack>>,
    pub(crate) networks: OrdMap<NetworkId, Arc<Network>>,
    pub(crate) services: OrdMap<ServiceId, Arc<Service>>,
    pub(crate) revisions: OrdMap<(ServiceId, u64), Arc<ServiceRevision>>,
    pub(crate) tasks: OrdMap<TaskId, Arc<Task>>,
    pub(crate) attachments: OrdMap<AttachmentId, Arc<Attachment>>,
    pub(crate) secrets: OrdMap<SecretId, Arc<Secret>>,
    pub(crate) configs: OrdMap<ConfigId, Arc<Config>>,
    pub(crate) records: OrdMap<TaskId, Arc<TaskRecord>>,
    pub(crate) indexes: Indexes,
    pub(crate) resting: Resting,
}

impl Tables {
    /// The object of this name.
    pub(crate) fn get(&self, key: ObjectKey) -> Option<Object> {
        match key {
            ObjectKey::Cluster(id) => self.clusters.get(&id).cloned().map(Object::Cluster),
            ObjectKey::Node(id) => self.nodes.get(&id).cloned().map(Object::Node),
            ObjectKey::Stack(id) => self.stacks.get(&id).cloned().map(Object::Stack),
            ObjectKey::Network(id) => self.networks.get(&id).cloned().map(Object::Network),
            ObjectKey::Service(id) => self.services.get(&id).cloned().map(Object::Service),
            ObjectKey::ServiceRevision(id) => self.revisions.get(&id).cloned().map(Object::ServiceRevision),
            ObjectKey::Task(id) => self.tasks.get(&id).cloned().map(Object::Task),
            ObjectKey::Attachment(id) => self.attachments.get(&id).cloned().map(Object::Attachment),
            ObjectKey::Secret(id) => self.secrets.get(&id).cloned().map(Object::Secret),
            ObjectKey::Config(id) => self.configs.get(&id).cloned().map(Object::Config),
            ObjectKey::TaskRecord(id) => self.records.get(&id).cloned().map(Object::TaskRecord),
        }
    }

    /// Puts an object in the place of one of the same name, or beside the others.
    pub(crate) fn put(&mut self, object: Object) {
        let key = object.key();
        self.remove(key);
        self.indexes.add(&object);
        match object {
            Object::Cluster(object) => drop(self.clusters.insert(object.id, object)),
            Object::Node(object) => drop(self.nodes.insert(object.id, object)),
            Object::Stack(object) => drop(self.stacks.insert(object.id, object)),
            Object::Network(object) => drop(self.networks.insert(object.id, object)),
            Object::Service(object) => drop(self.services.insert(object.id, object)),
            Object::ServiceRevision(object) => {
                drop(self.revisions.insert((object.service, object.spec_version), object))
            }
            Object::Task(object) => drop(self.tasks.insert(object.id, object)),
            Object::Attachment(object) => drop(self.attachments.insert(object.id, object)),
            Object::Secret(object) => drop(self.secrets.insert(object.id, object)),
            Object::Config(object) => drop(self.configs.insert(object.id, object)),
            Object::TaskRecord(object) => drop(self.records.insert(object.id, object)),
        }
    }

    /// Takes an object out, if it is there.
    pub(crate) fn remove(&mut self, key: ObjectKey) {
        let Some(object) = self.get(key) else { return };
        self.indexes.drop(&object);
        match key {
            ObjectKey::Cluster(id) => drop(self.clusters.remove(&id)),
            ObjectKey::Node(id) => drop(self.nodes.remove(&id)),
            ObjectKey::Stack(id) => drop(self.stacks.remove(&id)),
            ObjectKey::Network(id) => drop(self.networks.remove(&id)),
            ObjectKey::Service(id) => drop(self.services.remove(&id)),
            ObjectKey::ServiceRevision(id) => drop(self.revisions.remove(&id)),
            ObjectKey::Task(id) => drop(self.tasks.remove(&id)),
            ObjectKey::Attachment(id) => drop(self.attachments.remove(&id)),
            ObjectKey::Secret(id) => drop(self.secrets.remove(&id)),
            ObjectKey::Config(id) => drop(self.configs.remove(&id)),
            ObjectKey::TaskRecord(id) => drop(self.records.remove(&id)),
        }
    }

    /// Every object, in the order in which a snapshot keeps them.
    pub(crate) fn objects(&self) -> impl Iterator<Item = Object> + '_ {
        let clusters = self.clusters.values().cloned().map(Object::Cluster);
        let nodes = self.nodes.values().cloned().map(Object::Node);
        let stacks = self.stacks.values().cloned().map(Object::Stack);
        let networks = self.networks.values().cloned().map(Object::Network);
        let services = self.services.values().cloned().map(Object::Service);
        let revisions = self.revisions.values().cloned().map(Object::ServiceRevision);
        let tasks = self.tasks.values().cloned().map(Object::Task);
        let attachments = self.attachments.values().cloned().map(Object::Attachment);
        let wanted = clusters.chain(nodes).chain(stacks).chain(networks).chain(services);
        let secrets = self.secrets.values().cloned().map(Object::Secret);
        let configs = self.configs.values().cloned().map(Object::Config);
        let records = self.records.values().cloned().map(Object::TaskRecord);
        let running = revisions.chain(tasks).chain(attachments);
        wanted.chain(running).chain(secrets).chain(configs).chain(records)
    }
}
