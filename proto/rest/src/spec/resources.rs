use serde::{Deserialize, Serialize};
use skep_model as model;

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
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

impl From<&model::Resources> for ResourceRequirements {
    fn from(resources: &model::Resources) -> Self {
        let (limits, reserved) = (resources.limits, resources.reservations);
        let limits = LimitResources {
            nano_cpus: limits.nano_cpus,
            memory_bytes: limits.memory_bytes,
            pids: limits.pids,
        };
        let reservations = ReservationResources {
            nano_cpus: reserved.nano_cpus,
            memory_bytes: reserved.memory_bytes,
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
        Ok(Self {
            limits: model::Limits {
                nano_cpus: limits.nano_cpus,
                memory_bytes: limits.memory_bytes,
                pids: limits.pids,
            },
            reservations: model::Reservations {
                nano_cpus: reserved.nano_cpus,
                memory_bytes: reserved.memory_bytes,
            },
        })
    }
}
