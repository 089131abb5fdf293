use serde::{Deserialize, Serialize};
use skep_keeper::config::ContainerConfig;
use skep_model::{PlainNetwork, PlainPlace};

use crate::container::HostPort;

/// What it takes to start a plain container, and how far that went. It is part of the container's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plain {
    /// What the keeper makes.
    pub config: ContainerConfig,
    /// What it is connected to while it runs.
    pub network: StoredNetwork,
    /// The ports of this host that lead to it while it runs, as they were asked for: published 0 is a free one.
    pub ports: Vec<HostPort>,
    /// True when it is removed as soon as it has ended.
    pub auto_remove: bool,
    /// True from its first start on: one that the keeper does not have then has ended.
    #[serde(default)]
    pub started: bool,
    /// The attachment that its addresses on networks of the swarm belong to, as managers know it; none while it does not run.
    #[serde(default)]
    pub attachment: Option<String>,
}

/// [`PlainNetwork`] as it is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredNetwork {
    /// An address that only this node knows.
    Bridge,
    /// Nothing.
    None,
    /// The host's own.
    Host,
    /// Networks of the swarm, each with the names that it gives.
    Swarm(Vec<(String, Vec<String>)>),
}

impl StoredNetwork {
    /// What it is called where one word has to do (Docker's `NetworkMode`).
    pub fn word(&self) -> &str {
        match self {
            Self::Bridge => skep_model::limits::LOCAL_NAME,
            Self::None => "none",
            Self::Host => "host",
            Self::Swarm(places) => places.first().map_or("", |(network, _)| network),
        }
    }

    /// The networks of the swarm among it.
    pub(crate) fn places(&self) -> Vec<PlainPlace> {
        let Self::Swarm(places) = self else { return Vec::new() };
        let place = |(network, aliases): &(String, Vec<String>)| PlainPlace {
            network: network.clone(),
            aliases: aliases.clone(),
        };
        places.iter().map(place).collect()
    }
}

impl From<&PlainNetwork> for StoredNetwork {
    fn from(network: &PlainNetwork) -> Self {
        match network {
            PlainNetwork::Bridge => Self::Bridge,
            PlainNetwork::None => Self::None,
            PlainNetwork::Host => Self::Host,
            PlainNetwork::Swarm(places) => Self::Swarm(
                places.iter().map(|place| (place.network.clone(), place.aliases.clone())).collect(),
            ),
        }
    }
}
