//! Stacks: what Docker's API lacks.

use serde::{Deserialize, Serialize};

use crate::{NetworkCreate, ServiceSpec, Unsupported, rfc3339};

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

/// `GET /stacks/{name}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StackInspect {
    /// What the list says of it.
    #[serde(flatten)]
    pub summary: StackSummary,
    /// When it was first deployed; Docker's zero time when it was made by labels alone.
    pub created_at: String,
    /// When it was last deployed.
    pub updated_at: String,
    /// What was last deployed; none when it was made by labels alone.
    pub spec: Option<StackDeploy>,
    /// Deploys before, the newest first.
    pub previous: Vec<StackRevision>,
}

/// A deploy of a stack.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StackRevision {
    /// Which one it was, from 1.
    pub revision: u64,
    /// When.
    pub deployed_at: String,
    /// What.
    pub spec: StackDeploy,
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
            ..skep_model::StackSpec::default()
        })
    }
}

impl StackInspect {
    /// A stack, of which the cluster may have no more than labels.
    pub fn new(summary: StackSummary, stack: Option<&skep_model::Stack>) -> Self {
        let meta = stack.map(|stack| stack.meta).unwrap_or_default();
        let previous = stack.into_iter().flat_map(|stack| &stack.previous).map(|before| StackRevision {
            revision: before.revision,
            deployed_at: rfc3339(before.deployed_at),
            spec: StackDeploy::new(&before.spec, false),
        });
        Self {
            summary,
            created_at: rfc3339(meta.created_at),
            updated_at: rfc3339(meta.updated_at),
            spec: stack.map(|stack| StackDeploy::new(&stack.spec, false)),
            previous: previous.collect(),
        }
    }
}
