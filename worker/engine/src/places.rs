//! A container's places on networks, between the table, the disk and the network.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use skep_executor::ControllerError;
use skep_model::limits::INGRESS_NAME;
use skep_model::{EndpointNetwork, NetworkId, PortConfig, PublishedPort, Subnet, TaskAssignment};
use skep_network::{Address, Attachment};

use crate::container::{ContainerInfo, HostPort, NetworkPlace};

/// The networks that this node knows from the endpoint table.
pub(crate) type KnownNetworks = BTreeMap<NetworkId, EndpointNetwork>;

/// Where a task's container will be; an error when the table does not name one of its networks (yet).
pub(crate) fn places(
    assignment: &TaskAssignment,
    known: &KnownNetworks,
) -> Result<Vec<NetworkPlace>, ControllerError> {
    let place = |(id, address): &(NetworkId, std::net::Ipv4Addr)| {
        let network = known.get(id).ok_or_else(|| {
            ControllerError::Temporary(format!("the network {id} is not known on this node yet"))
        })?;
        Ok(NetworkPlace::new(network, *address))
    };
    assignment.networks.iter().map(place).collect()
}

/// What the network needs to know of a container.
pub(crate) fn attachment(info: &ContainerInfo, namespace: OwnedFd) -> Attachment {
    let short: String = info.id.chars().take(12).collect();
    let mut names = vec![info.name.clone(), short];
    if !names.contains(&info.hostname) {
        names.push(info.hostname.clone());
    }
    Attachment {
        container: info.id.clone(),
        task: info.task_id(),
        namespace,
        addresses: addresses(&info.networks),
        egress: info.egress,
        names,
        nameservers: info.dns.nameservers.iter().filter_map(|text| text.parse().ok()).collect(),
        published: info.ports.iter().filter_map(published).collect(),
    }
}

fn published(port: &HostPort) -> Option<PublishedPort> {
    let PortConfig { protocol, target, published, address, .. } = port.config()?;
    Some(PublishedPort { protocol, published, target, address })
}

/// The one that published ports lead to comes first: it is the source of what goes outside. A server of datagrams that is bound to no
/// address answers from there, and only an answer from the address that was asked gets back through the port.
fn addresses(places: &[NetworkPlace]) -> Vec<Address> {
    let (ingress, others): (Vec<_>, Vec<_>) = places.iter().partition(|place| place.name == INGRESS_NAME);
    ingress.into_iter().chain(others).filter_map(address).collect()
}

fn address(place: &NetworkPlace) -> Option<Address> {
    Some(Address {
        network: place.network.parse().ok()?,
        address: place.address.parse().ok()?,
        subnet: Subnet { address: place.subnet.parse().ok()?, prefix_bits: place.prefix_bits },
        subnet6: place.subnet6.parse().ok(),
        internal: place.internal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_outside_comes_from_where_ports_lead_to() {
        let place = |network: u64, name: &str| NetworkPlace {
            network: NetworkId::new(network.into()).to_string(),
            name: name.to_owned(),
            address: format!("10.0.{network}.2"),
            subnet: format!("10.0.{network}.0"),
            prefix_bits: 24,
            subnet6: String::new(),
            internal: false,
        };
        let order = |places: &[NetworkPlace]| -> Vec<String> {
            addresses(places).iter().map(|one| one.address.to_string()).collect()
        };
        let (one, two) = (place(1, "a_default"), place(2, "b_default"));
        assert_eq!(order(&[one.clone(), two.clone()]), ["10.0.1.2", "10.0.2.2"]);
        assert_eq!(order(&[one, two, place(3, INGRESS_NAME)]), ["10.0.3.2", "10.0.1.2", "10.0.2.2"]);
    }
}
