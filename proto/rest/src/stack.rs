//! Stacks: what Docker's API lacks.

use serde::{Deserialize, Serialize};

use crate::{NetworkCreate, ServiceSpec, Unsupported};

/// The body of `PUT /stacks/{name}`: all of a stack, deployed in one transaction.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StackDeploy {
    /// Its services, by full name.
    pub services: Vec<ServiceSpec>,
    /// Its networks, by full name.
    pub networks: Vec<NetworkCreate>,
    /// True when services of the stack that are not named go.
    pub prune: bool,
}

/// The answer: what the deploy did, by full names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StackDeployed {
    /// Which deploy of the stack this was, from 1.
    pub revision: u64,
    /// New services.
    pub created: Vec<String>,
    /// Changed services.
    pub updated: Vec<String>,
    /// Services that were already so.
    pub unchanged: Vec<String>,
    /// Services that went.
    pub removed: Vec<String>,
    /// New networks.
    pub networks: Vec<String>,
}

/// One line of `GET /stacks`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StackSummary {
    /// Its name.
    pub name: String,
    /// How many services it has.
    pub services: u64,
    /// How often it was deployed; 0 when it was made by labels alone.
    pub revision: u64,
}

/// The answer to `DELETE /stacks/{name}`, by full names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StackRemoved {
    /// Its services.
    pub services: Vec<String>,
    /// Its networks.
    pub networks: Vec<String>,
}

impl StackDeploy {
    /// A stack's spec as a body.
    pub fn new(spec: &skep_model::StackSpec, prune: bool) -> Self {
        Self {
            services: spec.services.iter().map(ServiceSpec::from).collect(),
            networks: spec.networks.iter().map(NetworkCreate::from).collect(),
            prune,
        }
    }

    /// The spec of the stack of this name.
    ///
    /// # Errors
    /// When something in it is not supported.
    pub fn into_spec(self, name: &str) -> Result<skep_model::StackSpec, Unsupported> {
        Ok(skep_model::StackSpec {
            name: name.to_owned(),
            services: self.services.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            networks: self.networks.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
        })
    }
}
