use serde::{Deserialize, Serialize};
use skep_model as model;
use skep_model::NetworkTarget;

use super::{ContainerSpec, Placement, ResourceRequirements, RestartPolicy, TaskLogDriver, filled};
use crate::error::{Others, Unsupported, refuse_others};

/// What each task is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskSpec {
    /// What runs in it.
    pub container_spec: ContainerSpec,
    /// What it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// When it is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicy>,
    /// Its networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<NetworkAttachmentConfig>>,
    /// Where they may run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Where their output goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_driver: Option<TaskLogDriver>,
    /// Raised to replace all tasks.
    pub force_update: u64,
    /// `container` or empty.
    pub runtime: String,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// A network that the tasks are on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NetworkAttachmentConfig {
    /// Its name or id.
    pub target: String,
    /// Further names of the service there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<String>>,
}

impl From<&model::TaskSpec> for TaskSpec {
    fn from(spec: &model::TaskSpec) -> Self {
        let networks = spec.networks.iter().map(|attachment| NetworkAttachmentConfig {
            target: match &attachment.target {
                NetworkTarget::Id(id) => id.to_string(),
                NetworkTarget::Name(name) => name.clone(),
            },
            aliases: filled(attachment.aliases.clone()),
        });
        Self {
            container_spec: ContainerSpec::from(&spec.container),
            resources: Some(ResourceRequirements::from(&spec.resources)),
            restart_policy: Some(RestartPolicy::from(&spec.restart)),
            networks: filled(networks.collect()),
            placement: Some(Placement::from(&spec.placement)),
            log_driver: spec.log_driver.as_ref().map(TaskLogDriver::from),
            force_update: spec.force_update,
            runtime: "container".into(),
            others: Others::new(),
        }
    }
}

impl TryFrom<TaskSpec> for model::TaskSpec {
    type Error = Unsupported;

    fn try_from(spec: TaskSpec) -> Result<Self, Unsupported> {
        refuse_others("TaskTemplate", &spec.others)?;
        if !matches!(spec.runtime.as_str(), "" | "container") {
            return Err(Unsupported::value(
                "TaskTemplate.Runtime",
                format!("'{}' is not 'container'", spec.runtime),
            ));
        }
        let networks = spec.networks.unwrap_or_default().into_iter().map(|config| model::NetworkAttachment {
            target: config.target.parse().map_or(NetworkTarget::Name(config.target), NetworkTarget::Id),
            aliases: config.aliases.unwrap_or_default(),
        });
        Ok(Self {
            container: spec.container_spec.try_into()?,
            resources: spec.resources.map(TryInto::try_into).transpose()?.unwrap_or_default(),
            restart: spec.restart_policy.map(TryInto::try_into).transpose()?.unwrap_or_default(),
            networks: networks.collect(),
            placement: spec.placement.map(TryInto::try_into).transpose()?.unwrap_or_default(),
            log_driver: spec.log_driver.map(Into::into),
            force_update: spec.force_update,
        })
    }
}
