use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skep_model::{PlainNetwork, PlainPlace};

use crate::error::{Others, Unsupported, refuse_others};

/// A new container's places on networks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworkingConfig {
    /// By the network's name.
    pub endpoints_config: Option<BTreeMap<String, Option<EndpointSettings>>>,
}

/// How a container is on one network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EndpointSettings {
    /// Names on it beside the container's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<String>>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// What the two places say together in which Docker's clients name networks.
pub(crate) fn network(mode: &str, config: NetworkingConfig) -> Result<PlainNetwork, Unsupported> {
    let own = |network: &str| matches!(network, "" | "default" | "bridge" | "none" | "host");
    let mut places = Vec::new();
    for (network, settings) in config.endpoints_config.unwrap_or_default() {
        let settings = settings.unwrap_or_default();
        refuse_others("NetworkingConfig.EndpointsConfig", &settings.others)?;
        // On its own networks a node finds containers by their names.
        if !own(&network) {
            places.push(PlainPlace { network, aliases: settings.aliases.unwrap_or_default() });
        }
    }
    let refused = |reason: String| Err(Unsupported::value("HostConfig.NetworkMode", reason));
    if mode.starts_with("container:") {
        return refused(format!("'{mode}': this version of Skep lets no two containers share a network"));
    }
    if !own(mode) {
        match places.iter().position(|place| place.network == mode) {
            Some(index) => places.swap(0, index),
            None => places.insert(0, PlainPlace { network: mode.to_owned(), aliases: Vec::new() }),
        }
        return Ok(PlainNetwork::Swarm(places));
    }
    match (mode, places.first()) {
        ("none" | "host" | "bridge", Some(place)) => refused(format!(
            "'{mode}' and {}: a container is on networks of the swarm or on one of its node, not on both",
            place.network
        )),
        ("none", None) => Ok(PlainNetwork::None),
        ("host", None) => Ok(PlainNetwork::Host),
        (_, None) => Ok(PlainNetwork::Bridge),
        (_, Some(_)) => Ok(PlainNetwork::Swarm(places)),
    }
}
