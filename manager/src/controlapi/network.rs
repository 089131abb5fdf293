//! Networks.

use skep_model::{Change, Kind, Meta, Network, NetworkId, NetworkSpec, Transaction, validate_network};

use super::{ControlApi, ControlError};

impl ControlApi {
    /// Makes a network.
    ///
    /// # Errors
    /// When the spec is wrong or the name is taken.
    pub async fn create_network(&self, spec: NetworkSpec) -> Result<NetworkId, ControlError> {
        validate_network(&spec)?;
        let id = NetworkId::new(self.env.random().id());
        self.door
            .change(|view| {
                if view.network_named(&spec.name).is_some() {
                    return Err(ControlError::NameTaken { kind: Kind::Network, name: spec.name.clone() });
                }
                Ok((Transaction { changes: vec![Change::Create(new_network(id, spec.clone()).into())] }, ()))
            })
            .await?;
        Ok(id)
    }

    /// Removes a network that no service uses.
    ///
    /// # Errors
    /// When there is no such network, or a service uses it.
    pub async fn remove_network(&self, reference: &str) -> Result<(), ControlError> {
        self.door
            .change(|view| {
                let network = view.find_network(reference)?;
                let uses = view.services().find(|service| {
                    service.spec.task.networks.iter().any(|place| place.target.id() == Some(network.id))
                });
                if let Some(service) = uses {
                    let text =
                        format!("network {} is in use by service {}", network.spec.name, service.spec.name);
                    return Err(ControlError::Precondition(text));
                }
                if network.spec.ingress {
                    return Err(ControlError::Precondition("the ingress network cannot be removed".into()));
                }
                Ok((Transaction { changes: vec![given_up(network)] }, ()))
            })
            .await
    }
}

pub(super) fn new_network(id: NetworkId, spec: NetworkSpec) -> Network {
    Network { id, meta: Meta::default(), spec, subnet: None, address_cursor: 0, removing: false }
}

/// The change that lets a network go when its last task has left.
pub(super) fn given_up(network: &Network) -> Change {
    Change::Update(Network { removing: true, ..network.clone() }.into())
}
