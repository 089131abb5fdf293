use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Others, refuse_others};
use crate::{Unsupported, rfc3339};

/// The option of networks that are encrypted between nodes.
const ENCRYPTED: &str = "encrypted";

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
    /// Its options: `encrypted` is there for a network that is encrypted between nodes.
    pub options: BTreeMap<String, String>,
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
    /// `swarm`, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// Asks for nothing any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub check_duplicate: bool,
    /// Always true.
    #[serde(rename = "EnableIPv4", skip_serializing_if = "Option::is_none")]
    pub enable_ipv4: Option<bool>,
    /// Its options: `encrypted`, with Docker's meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<BTreeMap<String, String>>,
    /// Its addresses; given by Skep.
    #[serde(rename = "IPAM", skip_serializing_if = "Option::is_none")]
    pub ipam: Option<Ipam>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
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
            options: options(network.spec.encrypted),
            labels: network.spec.labels.clone(),
        }
    }
}

/// What a network's options say of it.
fn options(encrypted: bool) -> BTreeMap<String, String> {
    encrypted.then(|| (ENCRYPTED.to_owned(), "true".to_owned())).into_iter().collect()
}

/// What options ask for: whether the network is encrypted.
fn encrypted(options: &BTreeMap<String, String>) -> Result<bool, Unsupported> {
    if let Some(other) = options.keys().find(|key| *key != ENCRYPTED) {
        return Err(Unsupported::Field { field: format!("Options.{other}") });
    }
    match options.get(ENCRYPTED).map(String::as_str) {
        None | Some("false") => Ok(false),
        // As Docker has it, the word alone says yes.
        Some("" | "true") => Ok(true),
        Some(word) => {
            Err(Unsupported::value("Options.encrypted", format!("'{word}' is neither true nor false")))
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
            options: Some(options(spec.encrypted)).filter(|options| !options.is_empty()),
            ..Self::default()
        }
    }
}

impl TryFrom<NetworkCreate> for skep_model::NetworkSpec {
    type Error = Unsupported;

    fn try_from(create: NetworkCreate) -> Result<Self, Unsupported> {
        if !matches!(create.driver.as_str(), "" | "overlay") {
            let reason = format!("'{}' is not a network driver of Skep; use overlay", create.driver);
            return Err(Unsupported::value("Driver", reason));
        }
        create.refuse_unknown()?;
        let encrypted = create.options.as_ref().map_or(Ok(false), encrypted)?;
        Ok(Self {
            name: create.name,
            labels: create.labels.unwrap_or_default(),
            internal: create.internal,
            ingress: false,
            subnet: None,
            encrypted,
        })
    }
}

impl NetworkCreate {
    fn refuse_unknown(&self) -> Result<(), Unsupported> {
        if !matches!(self.scope.as_str(), "" | "swarm") {
            let reason = format!("'{}' is not a scope of Skep's networks; use swarm", self.scope);
            return Err(Unsupported::value("Scope", reason));
        }
        if self.enable_ipv4 == Some(false) {
            return Err(Unsupported::value("EnableIPv4", "networks of Skep have IPv4 addresses"));
        }
        if let Some(ipam) = &self.ipam {
            if !matches!(ipam.driver.as_str(), "" | "default") {
                let reason = format!("'{}' is not known; use default", ipam.driver);
                return Err(Unsupported::value("IPAM.Driver", reason));
            }
            if ipam.config.as_ref().is_some_and(|config| !config.is_empty()) {
                return Err(Unsupported::Field { field: "IPAM.Config".into() });
            }
        }
        refuse_others("NetworkCreate", &self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::NetworkCreate;

    fn read(text: &str) -> Result<skep_model::NetworkSpec, String> {
        let create: NetworkCreate = serde_json::from_str(text).unwrap();
        create.try_into().map_err(|error: crate::Unsupported| error.to_string())
    }

    #[test]
    fn what_docker_sends_is_read_and_what_is_not_known_is_refused() {
        let sent = r#"{"Name":"web","Driver":"overlay","Scope":"","EnableIPv4":true,"IPAM":{"Driver":"default",
            "Options":{},"Config":[]},"Internal":false,"Attachable":false,"Ingress":false,"ConfigOnly":false,
            "ConfigFrom":null,"Options":{},"Labels":{"a":"b"}}"#;
        assert_eq!(read(sent).unwrap().labels["a"], "b");
        let attachable = read(r#"{"Name":"web","Driver":"overlay","Attachable":true}"#).unwrap_err();
        assert_eq!(attachable, "NetworkCreate.Attachable is not supported by this version of Skep");
        let subnet = read(r#"{"Name":"web","IPAM":{"Config":[{"Subnet":"10.0.0.0/8"}]}}"#).unwrap_err();
        assert_eq!(subnet, "IPAM.Config is not supported by this version of Skep");
    }

    #[test]
    fn a_network_is_encrypted_by_dockers_option() {
        let with = |options: &str| read(&format!(r#"{{"Name":"web","Options":{options}}}"#));
        assert!(with(r#"{"encrypted":""}"#).unwrap().encrypted);
        assert!(!with(r#"{"encrypted":"false"}"#).unwrap().encrypted);
        assert!(with(r#"{"encrypted":"maybe"}"#).unwrap_err().contains("neither true nor false"));
        assert!(with(r#"{"mtu":"1"}"#).unwrap_err().starts_with("Options.mtu is not supported"));
        let spec = with(r#"{"encrypted":"true"}"#).unwrap();
        let again = serde_json::to_string(&NetworkCreate::from(&spec)).unwrap();
        assert_eq!(read(&again).unwrap(), spec, "what a stack's deploy sends says it too");
    }
}
