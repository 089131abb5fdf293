use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skep_model as model;
use skep_model::limits;

use super::{EndpointSpec, TaskSpec};
use crate::error::{Others, Unsupported, refuse_others};

/// What is wanted of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceSpec {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// What each task is.
    pub task_template: TaskSpec,
    /// How many tasks.
    pub mode: Option<ServiceMode>,
    /// How it is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_spec: Option<EndpointSpec>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// How many tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceMode {
    /// A number of like tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicated: Option<Replicated>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: BTreeMap<String, serde_json::Value>,
}

/// A number of like tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Replicated {
    /// How many; 1 when none.
    pub replicas: Option<u64>,
}

impl From<&model::ServiceSpec> for ServiceSpec {
    fn from(spec: &model::ServiceSpec) -> Self {
        let model::ServiceMode::Replicated { replicas } = spec.mode;
        let replicated = Some(Replicated { replicas: Some(replicas) });
        Self {
            name: spec.name.clone(),
            labels: Some(spec.labels.clone()),
            task_template: TaskSpec::from(&spec.task),
            mode: Some(ServiceMode { replicated, ..ServiceMode::default() }),
            endpoint_spec: Some(EndpointSpec::from(&spec.endpoint)),
            others: Others::new(),
        }
    }
}

impl TryFrom<ServiceSpec> for model::ServiceSpec {
    type Error = Unsupported;

    fn try_from(spec: ServiceSpec) -> Result<Self, Unsupported> {
        refuse_others("ServiceSpec", &spec.others)?;
        let replicas = match spec.mode {
            None => limits::REPLICAS_DEFAULT,
            Some(mode) => {
                // `{"Global": {}}` says something although it is empty.
                if let Some(other) = mode.others.keys().next() {
                    return Err(Unsupported::Field { field: format!("Mode.{other}") });
                }
                mode.replicated.and_then(|mode| mode.replicas).unwrap_or(limits::REPLICAS_DEFAULT)
            }
        };
        Ok(Self {
            name: spec.name,
            labels: spec.labels.unwrap_or_default(),
            task: spec.task_template.try_into()?,
            mode: model::ServiceMode::Replicated { replicas },
            endpoint: spec.endpoint_spec.map(TryInto::try_into).transpose()?.unwrap_or_default(),
        })
    }
}
