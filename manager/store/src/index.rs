//! Second ways to find objects.

use std::net::Ipv4Addr;

use imbl::{OrdMap, OrdSet};
use skep_model::{AttachmentId, Kind, NetworkId, NodeId, Object, ObjectKey, STACK_LABEL};

use crate::task_index::TaskIndexes;

/// Everything here can be computed from the tables; [`Indexes::add`] and [`Indexes::drop`] are each other's reverse.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Indexes {
    /// Names are unique within a kind.
    pub(crate) names: OrdMap<(Kind, String), ObjectKey>,
    /// Services, networks, secrets and configs by the stack that their label names.
    pub(crate) stacks: OrdSet<(String, ObjectKey)>,
    /// Tasks.
    pub(crate) tasks: TaskIndexes,
    /// Attachments by node.
    pub(crate) node_attachments: OrdSet<(NodeId, AttachmentId)>,
    /// Addresses in use and by how many objects: for a moment an old and a new object may share one.
    pub(crate) addresses: OrdMap<(NetworkId, Ipv4Addr), u32>,
}

impl Indexes {
    pub(crate) fn add(&mut self, object: &Object) {
        if let Some(name) = name_of(object) {
            self.names.insert((object.key().kind(), name.to_owned()), object.key());
        }
        if let Some(stack) = stack_of(object) {
            self.stacks.insert((stack.to_owned(), object.key()));
        }
        for address in addresses_of(object) {
            *self.addresses.entry(address).or_insert(0) += 1;
        }
        match object {
            Object::Task(task) => self.tasks.add(task),
            Object::Attachment(own) => drop(self.node_attachments.insert((own.node, own.id))),
            _ => {}
        }
    }

    pub(crate) fn drop(&mut self, object: &Object) {
        if let Some(name) = name_of(object) {
            self.names.remove(&(object.key().kind(), name.to_owned()));
        }
        if let Some(stack) = stack_of(object) {
            self.stacks.remove(&(stack.to_owned(), object.key()));
        }
        for address in addresses_of(object) {
            self.drop_address(address);
        }
        match object {
            Object::Task(task) => self.tasks.drop(task),
            Object::Attachment(own) => drop(self.node_attachments.remove(&(own.node, own.id))),
            _ => {}
        }
    }

    fn drop_address(&mut self, address: (NetworkId, Ipv4Addr)) {
        let left = self.addresses.get(&address).copied().unwrap_or(0).saturating_sub(1);
        if left == 0 {
            self.addresses.remove(&address);
        } else {
            self.addresses.insert(address, left);
        }
    }
}

/// The name by which users find the object, where it must be unique.
pub(crate) fn name_of(object: &Object) -> Option<&str> {
    match object {
        Object::Service(service) => Some(&service.spec.name),
        Object::Network(network) => Some(&network.spec.name),
        Object::Stack(stack) => Some(&stack.spec.name),
        Object::Secret(secret) => Some(&secret.spec.name),
        Object::Config(config) => Some(&config.spec.name),
        Object::Cluster(_)
        | Object::Node(_)
        | Object::ServiceRevision(_)
        | Object::Task(_)
        | Object::TaskRecord(_)
        | Object::Attachment(_) => None,
    }
}

fn stack_of(object: &Object) -> Option<&str> {
    let labels = match object {
        Object::Service(service) => &service.spec.labels,
        Object::Network(network) => &network.spec.labels,
        Object::Secret(secret) => &secret.spec.labels,
        Object::Config(config) => &config.spec.labels,
        _ => return None,
    };
    labels.get(STACK_LABEL).map(String::as_str)
}

/// An ended task holds its addresses no more: its container is gone.
pub(crate) fn addresses_of(object: &Object) -> Vec<(NetworkId, Ipv4Addr)> {
    match object {
        Object::Service(service) => service.endpoint.vips.clone(),
        Object::Task(task) if !task.status.state.is_ended() => {
            task.networks.iter().map(|place| (place.network, place.address)).collect()
        }
        Object::Attachment(attachment) => {
            attachment.places.iter().filter_map(|place| Some((place.network, place.address?))).collect()
        }
        _ => Vec::new(),
    }
}
