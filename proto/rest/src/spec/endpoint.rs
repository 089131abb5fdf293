use serde::{Deserialize, Serialize};
use skep_model as model;

use super::filled;
use crate::error::Unsupported;

/// How a service is reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EndpointSpec {
    /// `vip` or `dnsrr`; `vip` when empty.
    pub mode: String,
    /// Its published ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<PortConfig>>,
}

/// One published port.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PortConfig {
    /// Its name; has no meaning.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `tcp` or `udp`; `tcp` when empty.
    pub protocol: String,
    /// The port in the task.
    pub target_port: u16,
    /// The port on the nodes; 0 for a dynamic one.
    pub published_port: u16,
    /// `ingress` (also when empty) or `host`.
    pub publish_mode: String,
    /// The node's address on which alone it is published; all of them when empty. Docker has no such thing.
    #[serde(rename = "HostIP", skip_serializing_if = "String::is_empty")]
    pub host_ip: String,
}

impl From<&model::EndpointSpec> for EndpointSpec {
    fn from(spec: &model::EndpointSpec) -> Self {
        Self {
            mode: match spec.mode {
                model::EndpointMode::Vip => "vip".into(),
                model::EndpointMode::Dnsrr => "dnsrr".into(),
            },
            ports: filled(spec.ports.iter().map(PortConfig::from).collect()),
        }
    }
}

impl From<&model::PortConfig> for PortConfig {
    fn from(port: &model::PortConfig) -> Self {
        let publish_mode = match port.mode {
            model::PortMode::Ingress => "ingress",
            model::PortMode::Host => "host",
        };
        Self {
            name: String::new(),
            protocol: port.protocol.to_string(),
            target_port: port.target,
            published_port: port.published,
            publish_mode: publish_mode.into(),
            host_ip: port.address.map(|address| address.to_string()).unwrap_or_default(),
        }
    }
}

impl TryFrom<EndpointSpec> for model::EndpointSpec {
    type Error = Unsupported;

    fn try_from(spec: EndpointSpec) -> Result<Self, Unsupported> {
        let mode = match spec.mode.as_str() {
            "" | "vip" => model::EndpointMode::Vip,
            "dnsrr" => model::EndpointMode::Dnsrr,
            other => {
                return Err(Unsupported::value(
                    "EndpointSpec.Mode",
                    format!("'{other}' is not one of vip, dnsrr"),
                ));
            }
        };
        let ports = spec.ports.unwrap_or_default().into_iter().map(TryInto::try_into);
        Ok(Self { mode, ports: ports.collect::<Result<_, _>>()? })
    }
}

impl TryFrom<PortConfig> for model::PortConfig {
    type Error = Unsupported;

    fn try_from(port: PortConfig) -> Result<Self, Unsupported> {
        let mode = match port.publish_mode.as_str() {
            "" | "ingress" => model::PortMode::Ingress,
            "host" => model::PortMode::Host,
            other => {
                let reason = format!("'{other}' is not one of ingress, host");
                return Err(Unsupported::value("EndpointSpec.Ports.PublishMode", reason));
            }
        };
        let address = match port.host_ip.as_str() {
            "" => None,
            word => Some(word.parse::<std::net::IpAddr>().map_err(|_| {
                Unsupported::value("EndpointSpec.Ports.HostIP", format!("'{word}' is not an address"))
            })?),
        };
        let protocol = match port.protocol.as_str() {
            "" => model::Protocol::Tcp,
            word => word.parse().map_err(|error| Unsupported::value("EndpointSpec.Ports.Protocol", error))?,
        };
        Ok(Self { protocol, target: port.target_port, published: port.published_port, mode, address })
    }
}
