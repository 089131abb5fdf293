use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skep_model as model;

use super::{EndpointSpec, ServiceMode, TaskSpec, UpdateConfig};
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
    /// How tasks are brought to a changed spec; the default when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_config: Option<UpdateConfig>,
    /// How they are brought back; the default when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_config: Option<UpdateConfig>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

impl From<&model::ServiceSpec> for ServiceSpec {
    fn from(spec: &model::ServiceSpec) -> Self {
        Self {
            name: spec.name.clone(),
            labels: Some(spec.labels.clone()),
            task_template: TaskSpec::from(&spec.task),
            mode: Some(ServiceMode::from(spec.mode)),
            endpoint_spec: Some(EndpointSpec::from(&spec.endpoint)),
            update_config: spec.update.as_ref().map(UpdateConfig::from),
            rollback_config: spec.rollback.as_ref().map(UpdateConfig::from),
            others: Others::new(),
        }
    }
}

impl TryFrom<ServiceSpec> for model::ServiceSpec {
    type Error = Unsupported;

    fn try_from(spec: ServiceSpec) -> Result<Self, Unsupported> {
        refuse_others("ServiceSpec", &spec.others)?;
        Ok(Self {
            name: spec.name,
            labels: spec.labels.unwrap_or_default(),
            task: spec.task_template.try_into()?,
            mode: spec.mode.map(TryInto::try_into).transpose()?.unwrap_or_default(),
            endpoint: spec.endpoint_spec.map(TryInto::try_into).transpose()?.unwrap_or_default(),
            update: spec.update_config.map(|config| config.into_model("UpdateConfig")).transpose()?,
            rollback: spec.rollback_config.map(|config| config.into_model("RollbackConfig")).transpose()?,
        })
    }
}
