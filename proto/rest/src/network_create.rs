use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skep_model::NetworkSpec;

use crate::error::{Others, refuse_others};
use crate::network::ConfigReference;
use crate::network_addresses::{addresses, asked};
use crate::{Ipam, Unsupported};

/// The driver's options that have a meaning.
const OPTIONS: &[&str] = &["encrypted"];

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
    /// True when plain containers may attach.
    #[serde(skip_serializing_if = "is_false")]
    pub attachable: bool,
    /// Refused: the swarm makes its ingress network itself.
    #[serde(skip_serializing_if = "is_false")]
    pub ingress: bool,
    /// Its labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// The driver's options: `encrypted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<BTreeMap<String, String>>,
    /// `swarm`, or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// Asks for nothing any more.
    #[serde(skip_serializing_if = "is_false")]
    pub check_duplicate: bool,
    /// Always true.
    #[serde(rename = "EnableIPv4", skip_serializing_if = "Option::is_none")]
    pub enable_ipv4: Option<bool>,
    /// Whether it has IPv6 addresses beside its IPv4 ones.
    #[serde(rename = "EnableIPv6", skip_serializing_if = "Option::is_none")]
    pub enable_ipv6: Option<bool>,
    /// Its addresses; given by Skep when there are none.
    #[serde(rename = "IPAM", skip_serializing_if = "Option::is_none")]
    pub ipam: Option<Ipam>,
    /// Refused when true.
    #[serde(skip_serializing_if = "is_false")]
    pub config_only: bool,
    /// Refused when it names a network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_from: Option<ConfigReference>,
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

/// The answer to `POST /networks/prune`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworksPruned {
    /// The names of the networks that were removed.
    pub networks_deleted: Option<Vec<String>>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl From<&NetworkSpec> for NetworkCreate {
    fn from(spec: &NetworkSpec) -> Self {
        let config = asked(spec);
        Self {
            name: spec.name.clone(),
            driver: "overlay".into(),
            internal: spec.internal,
            attachable: spec.attachable,
            labels: Some(spec.labels.clone()),
            options: Some(options(spec)).filter(|options| !options.is_empty()),
            enable_ipv6: spec.ipv6.then_some(true),
            ipam: (!config.is_empty()).then(|| Ipam { config: Some(config), ..Ipam::default() }),
            ..Self::default()
        }
    }
}

impl TryFrom<NetworkCreate> for NetworkSpec {
    type Error = Unsupported;

    fn try_from(create: NetworkCreate) -> Result<Self, Unsupported> {
        create.refuse_unknown()?;
        let options = create.options.unwrap_or_default();
        let mut spec = Self {
            name: create.name,
            labels: create.labels.unwrap_or_default(),
            internal: create.internal,
            attachable: create.attachable,
            encrypted: encrypted(&options)?,
            options,
            ipv6: create.enable_ipv6 == Some(true),
            ..Self::default()
        };
        if let Some(ipam) = create.ipam {
            addresses(ipam, &mut spec)?;
        }
        Ok(spec)
    }
}

impl NetworkCreate {
    fn refuse_unknown(&self) -> Result<(), Unsupported> {
        let refused = |field: &str, reason: &str| Err(Unsupported::value(field, reason));
        if !matches!(self.driver.as_str(), "" | "overlay") {
            let reason = format!("'{}' is not a network driver of Skep; use overlay", self.driver);
            return refused("Driver", &reason);
        }
        if !matches!(self.scope.as_str(), "" | "swarm") {
            let reason = format!("'{}' is not a scope of Skep's networks; use swarm", self.scope);
            return refused("Scope", &reason);
        }
        if self.enable_ipv4 == Some(false) {
            return refused("EnableIPv4", "networks of Skep have IPv4 addresses");
        }
        if self.ingress {
            return refused(
                "Ingress",
                "the ingress network is made with the swarm and there is one; its addresses are chosen with \
                 \"swarm init --default-addr-pool\"",
            );
        }
        let copied = self.config_from.as_ref().is_some_and(|from| !from.network.is_empty());
        if self.config_only || copied {
            let field = if self.config_only { "ConfigOnly" } else { "ConfigFrom" };
            return refused(
                field,
                "a network of the swarm is configured in one place: give the subnet and options with it",
            );
        }
        refuse_others("NetworkCreate", &self.others)
    }
}

/// What a network's options say of it.
pub(crate) fn options(spec: &NetworkSpec) -> BTreeMap<String, String> {
    let mut options = spec.options.clone();
    if spec.encrypted {
        options.entry("encrypted".into()).or_insert_with(|| "true".into());
    }
    options
}

/// Whether the options ask for encryption; refuses those that mean nothing.
fn encrypted(options: &BTreeMap<String, String>) -> Result<bool, Unsupported> {
    if let Some(unknown) = options.keys().find(|key| !OPTIONS.contains(&key.as_str())) {
        let reason =
            format!("'{unknown}' is not an option of Skep's networks; known: {}", OPTIONS.join(", "));
        return Err(Unsupported::value("Options", reason));
    }
    match options.get("encrypted").map(String::as_str) {
        Some("" | "true" | "1") => Ok(true),
        None | Some("false" | "0") => Ok(false),
        Some(word) => {
            Err(Unsupported::value("Options.encrypted", format!("'{word}' is neither true nor false")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<NetworkSpec, String> {
        let create: NetworkCreate = serde_json::from_str(text).unwrap();
        create.try_into().map_err(|error: Unsupported| error.to_string())
    }

    #[test]
    fn what_docker_sends_is_read() {
        let sent = r#"{"Name":"web","Driver":"overlay","Scope":"","EnableIPv4":true,"EnableIPv6":false,
            "IPAM":{"Driver":"default","Options":{},"Config":[{"Subnet":"10.5.0.0/16","IPRange":"10.5.1.0/24",
            "Gateway":"10.5.0.1","AuxiliaryAddresses":{}}]},"Internal":true,"Attachable":true,"Ingress":false,
            "ConfigOnly":false,"ConfigFrom":{"Network":""},"Options":{"encrypted":""},"Labels":{"a":"b"}}"#;
        let spec = read(sent).unwrap();
        assert_eq!(spec.subnet, "10.5.0.0/16".parse().ok());
        assert_eq!(spec.ip_range, "10.5.1.0/24".parse().ok());
        assert_eq!(spec.gateway, "10.5.0.1".parse().ok());
        assert!(spec.attachable && spec.internal && spec.encrypted);
        assert_eq!((spec.labels["a"].as_str(), spec.options["encrypted"].as_str()), ("b", ""));
        // As a stack's file travels.
        let again: NetworkSpec = NetworkCreate::from(&spec).try_into().unwrap();
        assert_eq!(again, spec);
        let plain = r#"{"Name":"web","IPAM":{"Driver":"default","Options":null,"Config":[]},"Options":{"encrypted":"false"}}"#;
        let plain = read(plain).unwrap();
        assert!(plain.subnet.is_none() && !plain.encrypted);
    }

    #[test]
    fn an_ipv6_subnet_stands_beside_the_ipv4_one() {
        let sent = r#"{"Name":"web","EnableIPv6":true,"IPAM":{"Config":[{"Subnet":"fd00:1::/64"},
            {"Subnet":"10.5.0.0/16","Gateway":"10.5.0.9"}]}}"#;
        let spec = read(sent).unwrap();
        assert_eq!(spec.subnet, "10.5.0.0/16".parse().ok());
        assert_eq!((spec.ipv6, spec.subnet6), (true, "fd00:1::/64".parse().ok()));
        assert_eq!(spec.gateway, "10.5.0.9".parse().ok());
        let again: NetworkSpec = NetworkCreate::from(&spec).try_into().unwrap();
        assert_eq!(again, spec);
        let chosen = read(r#"{"Name":"web","EnableIPv6":true}"#).unwrap();
        assert!(chosen.ipv6 && chosen.subnet6.is_none());
        assert_eq!(NetworkSpec::try_from(NetworkCreate::from(&chosen)), Ok(chosen));
    }

    #[test]
    fn what_is_not_known_is_refused_by_name_with_the_reason() {
        for (field, told) in [
            (r#""Driver":"bridge""#, "Driver: 'bridge' is not a network driver of Skep; use overlay"),
            (r#""Scope":"local""#, "Scope: 'local' is not a scope"),
            (r#""EnableIPv4":false"#, "EnableIPv4: "),
            (r#""Ingress":true"#, "Ingress: the ingress network is made with the swarm"),
            (r#""ConfigOnly":true"#, "ConfigOnly: "),
            (r#""ConfigFrom":{"Network":"x"}"#, "ConfigFrom: "),
            (
                r#""Options":{"mtu":"1"}"#,
                "Options: 'mtu' is not an option of Skep's networks; known: encrypted",
            ),
            (r#""Options":{"encrypted":"x"}"#, "Options.encrypted: 'x' is neither"),
            (r#""IPAM":{"Driver":"x"}"#, "IPAM.Driver: 'x' is not known"),
            (r#""IPAM":{"Options":{"a":"b"}}"#, "IPAM.Options: 'a'"),
            (r#""IPAM":{"Config":[{},{}]}"#, "IPAM.Config: a network of Skep has one IPv4 subnet, not 2"),
            (r#""IPAM":{"Config":[{"Subnet":"x"}]}"#, "IPAM.Config.Subnet: 'x' is not a subnet"),
            (
                r#""IPAM":{"Config":[{"Subnet":"fd00::/64"},{"Subnet":"fd01::/64"}]}"#,
                "IPAM.Config: a network of Skep has one IPv6 subnet, not 2",
            ),
            (
                r#""IPAM":{"Config":[{"Subnet":"fd00::/x"}]}"#,
                "IPAM.Config.Subnet: 'fd00::/x' is not a subnet",
            ),
            (
                r#""IPAM":{"Config":[{"Subnet":"fd00::/64","Gateway":"fd00::9"}]}"#,
                "IPAM.Config.Gateway: fd00::9 cannot be chosen",
            ),
            (
                r#""IPAM":{"Config":[{"Subnet":"fd00::/64","IPRange":"fd00::/96"}]}"#,
                "IPAM.Config.IPRange: fd00::/96 cannot be chosen",
            ),
            (r#""IPAM":{"Config":[{"Gateway":"x"}]}"#, "IPAM.Config.Gateway: 'x' is not an IPv4 address"),
            (
                r#""IPAM":{"Config":[{"AuxiliaryAddresses":{"a":"10.0.0.1"}}]}"#,
                "IPAM.Config.AuxiliaryAddresses: ",
            ),
            (r#""Colour":"red""#, "NetworkCreate.Colour is not supported by this version of Skep"),
        ] {
            let refused = read(&format!(r#"{{"Name":"web",{field}}}"#)).unwrap_err();
            assert!(refused.starts_with(told), "{field}: {refused}");
        }
    }
}
