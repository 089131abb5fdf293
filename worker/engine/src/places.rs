//! A container's places on networks, between the table, the disk and the network.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use skep_executor::ControllerError;
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
        Ok(NetworkPlace {
            network: id.to_string(),
            name: network.name.clone(),
            address: address.to_string(),
            subnet: network.subnet.address.to_string(),
            prefix_bits: network.subnet.prefix_bits,
            internal: network.internal,
        })
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
        addresses: info.networks.iter().filter_map(address).collect(),
        egress: info.egress,
        names,
        published: info.ports.iter().filter_map(published).collect(),
    }
}

fn published(port: &HostPort) -> Option<PublishedPort> {
    let PortConfig { protocol, target, published, address, .. } = port.config()?;
    Some(PublishedPort { protocol, published, target, address })
}

fn address(place: &NetworkPlace) -> Option<Address> {
    Some(Address {
        network: place.network.parse().ok()?,
        address: place.address.parse().ok()?,
        subnet: Subnet { address: place.subnet.parse().ok()?, prefix_bits: place.prefix_bits },
        internal: place.internal,
    })
}
