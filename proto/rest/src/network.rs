use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// Always false in this version.
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
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A network's addresses.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Ipam {
    /// `default`.
    pub driver: String,
    /// Its subnets.
    pub config: Option<Vec<IpamConfig>>,
}

/// One subnet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IpamConfig {
    /// In CIDR form.
    pub subnet: String,
}

/// The body of `POST /networks/create`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworkCreate {
    /// Its name.
    pub name: String,
    /// `overlay`, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// True when nothing on it may reach outside.
    pub internal: bool,
    /// Its labels.
    pub labels: Option<BTreeMap<String, String>>,
}

/// The answer to a network's creation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworkCreated {
    /// Its id.
    pub id: String,
    /// What its owner should know.
    pub warning: String,
}

impl From<&skep_model::Network> for Network {
    fn from(network: &skep_model::Network) -> Self {
        let config = network.subnet.map(|subnet| vec![IpamConfig { subnet: subnet.to_string() }]);
        Self {
            name: network.spec.name.clone(),
            id: network.id.to_string(),
            created: rfc3339(network.meta.created_at),
            scope: "swarm".into(),
            driver: "overlay".into(),
            enable_ipv4: true,
            enable_ipv6: false,
            ipam: Ipam { driver: "default".into(), config },
            internal: network.spec.internal,
            attachable: false,
            ingress: network.spec.ingress,
            labels: network.spec.labels.clone(),
        }
    }
}

impl From<&skep_model::NetworkSpec> for NetworkCreate {
    fn from(spec: &skep_model::NetworkSpec) -> Self {
        Self {
            name: spec.name.clone(),
            driver: "overlay".into(),
            internal: spec.internal,
            labels: Some(spec.labels.clone()),
        }
    }
}

impl TryFrom<NetworkCreate> for skep_model::NetworkSpec {
    type Error = crate::Unsupported;

    fn try_from(create: NetworkCreate) -> Result<Self, crate::Unsupported> {
        if !matches!(create.driver.as_str(), "" | "overlay") {
            let reason = format!("'{}' is not a network driver of Skep; use overlay", create.driver);
            return Err(crate::Unsupported::value("Driver", reason));
        }
        Ok(Self {
            name: create.name,
            labels: create.labels.unwrap_or_default(),
            internal: create.internal,
            ingress: false,
            subnet: None,
        })
    }
}
