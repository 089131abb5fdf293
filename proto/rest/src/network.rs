use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::network_create::options;
use crate::rfc3339;

/// `GET /networks/{id}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// When it was made.
    pub created: String,
    /// `swarm`.
    pub scope: String,
    /// `overlay`.
    pub driver: String,
    /// Always true.
    #[serde(rename = "EnableIPv4")]
    pub enable_ipv4: bool,
    /// True when it has IPv6 addresses beside its IPv4 ones.
    #[serde(rename = "EnableIPv6")]
    pub enable_ipv6: bool,
    /// Its addresses.
    #[serde(rename = "IPAM")]
    pub ipam: Ipam,
    /// True when nothing on it may reach outside.
    pub internal: bool,
    /// True when plain containers may attach.
    pub attachable: bool,
    /// True for the ingress network.
    pub ingress: bool,
    /// Names no network.
    pub config_from: ConfigReference,
    /// Always false.
    pub config_only: bool,
    /// This node's containers on it, by id; filled in by whoever knows them.
    pub containers: BTreeMap<String, NetworkContainer>,
    /// The driver's options as they were given; `encrypted` is there for a network that is encrypted between nodes.
    pub options: BTreeMap<String, String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The nodes that have tasks on it; filled in by whoever knows them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<NetworkPeer>,
    /// The services on it, by name; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<BTreeMap<String, NetworkService>>,
}

/// A network's addresses.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Ipam {
    /// `default`.
    pub driver: String,
    /// The driver's options; it has none.
    pub options: Option<BTreeMap<String, String>>,
    /// Its subnets.
    pub config: Option<Vec<IpamConfig>>,
}

/// One subnet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IpamConfig {
    /// In CIDR form.
    pub subnet: String,
    /// The part of it that addresses are given out from, in CIDR form; all of it when empty.
    #[serde(rename = "IPRange", skip_serializing_if = "String::is_empty")]
    pub ip_range: String,
    /// The address that is never given out.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gateway: String,
    /// Addresses to keep aside by name; not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auxiliary_addresses: Option<BTreeMap<String, String>>,
}

/// A network that another one takes its configuration from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ConfigReference {
    /// Its name; empty for none.
    pub network: String,
}

/// A container on a network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworkContainer {
    /// Its name.
    pub name: String,
    /// Its task's id: a task has one end on a network.
    #[serde(rename = "EndpointID")]
    pub endpoint_id: String,
    /// Always empty: containers are reached by address alone.
    pub mac_address: String,
    /// Its address with the subnet's prefix length.
    #[serde(rename = "IPv4Address")]
    pub ipv4_address: String,
    /// The same of IPv6; empty without.
    #[serde(rename = "IPv6Address")]
    pub ipv6_address: String,
}

/// A node that has tasks on a network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworkPeer {
    /// Its host name.
    pub name: String,
    /// Where its end of the tunnel is.
    #[serde(rename = "IP")]
    pub ip: String,
}

/// A service on a network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworkService {
    /// Its virtual address there; empty without one.
    #[serde(rename = "VIP")]
    pub vip: String,
    /// Its published ports, `Target: 80, Publish: 8080`.
    pub ports: Vec<String>,
    /// Always 0: Docker's number in its balancer.
    #[serde(rename = "LocalLBIndex")]
    pub local_lb_index: u64,
    /// Its tasks there.
    pub tasks: Vec<NetworkTask>,
}

/// A task on a network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworkTask {
    /// Its name.
    pub name: String,
    /// Its id: a task has one end on a network.
    #[serde(rename = "EndpointID")]
    pub endpoint_id: String,
    /// Its address there.
    #[serde(rename = "EndpointIP")]
    pub endpoint_ip: String,
    /// `Host IP`: where its node is.
    pub info: BTreeMap<String, String>,
}

impl From<&skep_model::Network> for Network {
    /// Everything but who is on it, which the caller knows.
    fn from(network: &skep_model::Network) -> Self {
        let text = |value: Option<String>| value.unwrap_or_default();
        // A moment after it was made it has none yet.
        let subnet = network.subnet.or(network.spec.subnet);
        let gateway = network.spec.gateway.or_else(|| subnet?.host(1));
        let ipv4 = subnet.map(|subnet| IpamConfig {
            subnet: subnet.to_string(),
            ip_range: text(network.spec.ip_range.map(|range| range.to_string())),
            gateway: text(gateway.map(|gateway| gateway.to_string())),
            auxiliary_addresses: None,
        });
        let ipv6 = network.subnet6.or(network.spec.subnet6).map(|subnet| IpamConfig {
            subnet: subnet.to_string(),
            gateway: text(gateway.and_then(|gateway| network.ipv6_of(gateway)).map(|it| it.to_string())),
            ..IpamConfig::default()
        });
        let config: Vec<_> = ipv4.into_iter().chain(ipv6).collect();
        Self {
            name: network.spec.name.clone(),
            id: network.id.to_string(),
            created: rfc3339(network.meta.created_at),
            scope: "swarm".into(),
            driver: "overlay".into(),
            enable_ipv4: true,
            enable_ipv6: network.spec.ipv6 || network.subnet6.is_some(),
            ipam: Ipam {
                driver: "default".into(),
                options: None,
                config: Some(config).filter(|it| !it.is_empty()),
            },
            internal: network.spec.internal,
            attachable: network.spec.attachable,
            ingress: network.spec.ingress,
            options: options(&network.spec),
            labels: network.spec.labels.clone(),
            ..Self::default()
        }
    }
}
