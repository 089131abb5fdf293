//! Networks.

use skep_model::{
    Change, Kind, Meta, Network, NetworkId, NetworkSpec, ObjectKey, STACK_LABEL, Service, Transaction,
    validate_ipv6_in_swarm, validate_network, validate_no_overlap,
};
use skep_store::View;

use super::{ControlApi, ControlError};

impl ControlApi {
    /// Makes a network.
    ///
    /// # Errors
    /// When the spec is wrong, the name is taken, or another network has addresses that it asks for.
    pub async fn create_network(&self, spec: NetworkSpec) -> Result<NetworkId, ControlError> {
        validate_network(&spec)?;
        let id = NetworkId::new(self.env.random().id());
        self.door
            .change(|view| {
                if view.network_named(&spec.name).is_some() {
                    return Err(ControlError::NameTaken { kind: Kind::Network, name: spec.name.clone() });
                }
                check_place(view, &spec)?;
                Ok((Transaction { changes: vec![Change::Create(new_network(id, spec.clone()).into())] }, ()))
            })
            .await?;
        Ok(id)
    }

    /// Removes a network that nothing uses.
    ///
    /// # Errors
    /// When there is no such network, or a service or task uses it.
    pub async fn remove_network(&self, reference: &str) -> Result<(), ControlError> {
        self.door
            .change(|view| {
                let network = view.find_network(reference)?;
                if network.spec.ingress {
                    let text = "the ingress network cannot be removed: published ports need it";
                    return Err(ControlError::Precondition(text.into()));
                }
                if let Some(user) = user_of(view, network) {
                    let text = format!("network {} is in use by {user}", network.spec.name);
                    return Err(ControlError::Precondition(text));
                }
                Ok((Transaction { changes: vec![removed(network)] }, ()))
            })
            .await
    }

    /// Removes the networks that nothing uses and `wanted` fits, but for those of stacks, which come and go with their stack;
    /// gives their names.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn prune_networks(
        &self,
        wanted: impl Fn(&Network) -> bool + Send + Sync,
    ) -> Result<Vec<String>, ControlError> {
        self.door
            .change(|view| {
                let own = |network: &Network| {
                    network.spec.ingress || network.removing || network.spec.labels.contains_key(STACK_LABEL)
                };
                let unused = view
                    .networks()
                    .filter(|network| !own(network) && wanted(network) && user_of(view, network).is_none());
                let (names, changes) =
                    unused.map(|network| (network.spec.name.clone(), removed(network))).unzip();
                Ok((Transaction { changes }, names))
            })
            .await
    }
}

/// Checks what a new network asks for against what the swarm has.
///
/// # Errors
/// When another network has an address that it asks for, or the swarm itself needs it.
pub(super) fn check_place(view: &View, spec: &NetworkSpec) -> Result<(), ControlError> {
    validate_no_overlap(spec, view.networks().map(|network| &**network))?;
    match view.cluster() {
        Some(cluster) => Ok(validate_ipv6_in_swarm(spec, cluster.id, cluster.spec.subnet_prefix_bits)?),
        None => Ok(()),
    }
}

/// Who keeps a network from being removed, for a message.
fn user_of(view: &View, network: &Network) -> Option<String> {
    let attached = |service: &Service| {
        service.spec.task.networks.iter().any(|place| place.target.id() == Some(network.id))
    };
    if let Some(service) = view.services().find(|service| attached(service)) {
        return Some(format!("service {}", service.spec.name));
    }
    let mut living = view.tasks().filter(|task| !task.status.state.is_ended());
    if let Some(task) = living.find(|task| task.address_on(network.id).is_some()) {
        return Some(format!("task {}", task.id));
    }
    let attachment = view.attachments().find(|attachment| attachment.is_on(network.id))?;
    let node = view.node(attachment.node).map(|node| node.description.hostname.clone()).unwrap_or_default();
    Some(format!("container {} on node {node}", attachment.name))
}

fn removed(network: &Network) -> Change {
    Change::Remove { key: ObjectKey::Network(network.id), version: network.meta.version }
}

pub(super) fn new_network(id: NetworkId, spec: NetworkSpec) -> Network {
    Network {
        id,
        meta: Meta::default(),
        spec,
        subnet: None,
        subnet6: None,
        address_cursor: 0,
        removing: false,
    }
}

/// The change that lets a network go when its last task has left.
pub(super) fn given_up(network: &Network) -> Change {
    Change::Update(Network { removing: true, ..network.clone() }.into())
}
