use serde::{Deserialize, Serialize};
use skep_model as model;

use super::filled;
use crate::error::{Others, Unsupported, refuse_others};

/// Limits and reservations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ResourceRequirements {
    /// Upper bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitResources>,
    /// What is kept free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservations: Option<ReservationResources>,
}

/// Upper bounds; zero means none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LimitResources {
    /// Billionths of a CPU.
    #[serde(rename = "NanoCPUs")]
    pub nano_cpus: u64,
    /// Bytes.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// What is kept free; zero means nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ReservationResources {
    /// Billionths of a CPU.
    #[serde(rename = "NanoCPUs")]
    pub nano_cpus: u64,
    /// Bytes.
    pub memory_bytes: u64,
    /// Things that the operator named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generic_resources: Option<Vec<GenericResource>>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// Things of a kind that the operator named: one of these.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GenericResource {
    /// The one with this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named_resource_spec: Option<NamedResource>,
    /// So many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discrete_resource_spec: Option<DiscreteResource>,
}

/// One thing of a kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NamedResource {
    /// The kind.
    pub kind: String,
    /// Its name.
    pub value: String,
}

/// A number of things of a kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DiscreteResource {
    /// The kind.
    pub kind: String,
    /// How many.
    pub value: u64,
}

impl From<&model::GenericCount> for GenericResource {
    fn from(wanted: &model::GenericCount) -> Self {
        let discrete = DiscreteResource { kind: wanted.kind.clone(), value: wanted.count };
        Self { discrete_resource_spec: Some(discrete), named_resource_spec: None }
    }
}

impl From<&model::GenericResource> for GenericResource {
    fn from(resource: &model::GenericResource) -> Self {
        let kind = resource.kind.clone();
        match &resource.value {
            model::GenericValue::Discrete(value) => Self {
                discrete_resource_spec: Some(DiscreteResource { kind, value: *value }),
                named_resource_spec: None,
            },
            model::GenericValue::Named(value) => Self {
                named_resource_spec: Some(NamedResource { kind, value: value.clone() }),
                discrete_resource_spec: None,
            },
        }
    }
}

impl TryFrom<GenericResource> for model::GenericCount {
    type Error = Unsupported;

    fn try_from(resource: GenericResource) -> Result<Self, Unsupported> {
        match (resource.discrete_resource_spec, resource.named_resource_spec) {
            (Some(discrete), None) => Ok(Self { kind: discrete.kind, count: discrete.value }),
            _ => {
                let reason =
                    "a service asks for a number of a kind (DiscreteResourceSpec), not for one by its name";
                Err(Unsupported::value("Resources.Reservations.GenericResources", reason))
            }
        }
    }
}

impl From<&model::Resources> for ResourceRequirements {
    fn from(resources: &model::Resources) -> Self {
        let (limits, reserved) = (resources.limits, &resources.reservations);
        let limits = LimitResources {
            nano_cpus: limits.nano_cpus,
            memory_bytes: limits.memory_bytes,
            pids: limits.pids,
        };
        let reservations = ReservationResources {
            nano_cpus: reserved.nano_cpus,
            memory_bytes: reserved.memory_bytes,
            generic_resources: filled(reserved.generic.iter().map(GenericResource::from).collect()),
            others: Others::new(),
        };
        Self { limits: Some(limits), reservations: Some(reservations) }
    }
}

impl TryFrom<ResourceRequirements> for model::Resources {
    type Error = Unsupported;

    fn try_from(resources: ResourceRequirements) -> Result<Self, Unsupported> {
        let limits = resources.limits.unwrap_or_default();
        let reserved = resources.reservations.unwrap_or_default();
        refuse_others("Resources.Reservations", &reserved.others)?;
        let generic = reserved.generic_resources.unwrap_or_default().into_iter().map(TryInto::try_into);
        Ok(Self {
            limits: model::Limits {
                nano_cpus: limits.nano_cpus,
                memory_bytes: limits.memory_bytes,
                pids: limits.pids,
            },
            reservations: model::Reservations {
                nano_cpus: reserved.nano_cpus,
                memory_bytes: reserved.memory_bytes,
                generic: generic.collect::<Result<_, _>>()?,
            },
        })
    }
}
