use serde::{Deserialize, Serialize};
use skep_model as model;
use skep_model::limits;

use crate::error::{Others, Unsupported};

/// How many tasks a service has, and whether they are to end: one of these, a replicated service when none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceMode {
    /// A number of like tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicated: Option<Replicated>,
    /// One task on every node that fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global: Option<Nothing>,
    /// Tasks that are run until so many have ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicated_job: Option<ReplicatedJob>,
    /// One task on every node that fits, run until it has ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global_job: Option<Nothing>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// A number of like tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Replicated {
    /// How many; 1 when none.
    pub replicas: Option<u64>,
}

/// Tasks that are run until so many have ended well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ReplicatedJob {
    /// Most that run at a time; 1 when none.
    pub max_concurrent: Option<u64>,
    /// How many are to end well; as many as run at a time when none.
    pub total_completions: Option<u64>,
}

/// What is said by being there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Nothing {}

impl From<model::ServiceMode> for ServiceMode {
    fn from(mode: model::ServiceMode) -> Self {
        let mut shown = Self::default();
        match mode {
            model::ServiceMode::Replicated { replicas } => {
                shown.replicated = Some(Replicated { replicas: Some(replicas) });
            }
            model::ServiceMode::Global => shown.global = Some(Nothing {}),
            model::ServiceMode::ReplicatedJob { max_concurrent, total_completions } => {
                shown.replicated_job = Some(ReplicatedJob {
                    max_concurrent: Some(max_concurrent),
                    total_completions: Some(total_completions),
                });
            }
            model::ServiceMode::GlobalJob => shown.global_job = Some(Nothing {}),
        }
        shown
    }
}

impl TryFrom<ServiceMode> for model::ServiceMode {
    type Error = Unsupported;

    fn try_from(mode: ServiceMode) -> Result<Self, Unsupported> {
        // `{"Other": {}}` says something although it is empty.
        if let Some(other) = mode.others.keys().next() {
            return Err(Unsupported::Field { field: format!("Mode.{other}") });
        }
        match (mode.replicated, mode.global, mode.replicated_job, mode.global_job) {
            (None, None, None, None) => Ok(Self::default()),
            (Some(mode), None, None, None) => {
                Ok(Self::Replicated { replicas: mode.replicas.unwrap_or(limits::REPLICAS_DEFAULT) })
            }
            (None, Some(_), None, None) => Ok(Self::Global),
            (None, None, Some(job), None) => {
                let max_concurrent = job.max_concurrent.unwrap_or(limits::REPLICAS_DEFAULT);
                let total_completions = job.total_completions.unwrap_or(max_concurrent);
                Ok(Self::ReplicatedJob { max_concurrent, total_completions })
            }
            (None, None, None, Some(_)) => Ok(Self::GlobalJob),
            _ => Err(Unsupported::value("Mode", "more than one mode is given: leave all but one out")),
        }
    }
}
