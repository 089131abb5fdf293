use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_model as model;

use super::{Mount, filled, nanos};
use crate::error::{Others, Unsupported, refuse_others};

/// What runs in a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerSpec {
    /// The image.
    pub image: String,
    /// The container's labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Replaces the entrypoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Replaces the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    /// The host name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hostname: String,
    /// `NAME=value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<String>>,
    /// The working directory.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dir: String,
    /// `user[:group]`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// What is mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounts: Option<Vec<Mount>>,
    /// The stop signal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Nanoseconds between the stop signal and SIGKILL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_grace_period: Option<u64>,
    /// `default` or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub isolation: String,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

impl From<&model::ContainerSpec> for ContainerSpec {
    fn from(spec: &model::ContainerSpec) -> Self {
        Self {
            image: spec.image.clone(),
            labels: (!spec.labels.is_empty()).then(|| spec.labels.clone()),
            command: filled(spec.entrypoint.clone()),
            args: filled(spec.command.clone()),
            hostname: spec.hostname.clone(),
            env: filled(spec.environment.clone()),
            dir: spec.working_directory.clone(),
            user: spec.user.clone(),
            mounts: filled(spec.mounts.iter().map(Mount::from).collect()),
            stop_signal: spec.stop_signal.clone(),
            stop_grace_period: spec.stop_grace.map(nanos),
            isolation: "default".into(),
            others: Others::new(),
        }
    }
}

impl TryFrom<ContainerSpec> for model::ContainerSpec {
    type Error = Unsupported;

    fn try_from(spec: ContainerSpec) -> Result<Self, Unsupported> {
        refuse_others("ContainerSpec", &spec.others)?;
        if !matches!(spec.isolation.as_str(), "" | "default") {
            return Err(Unsupported::Field { field: "ContainerSpec.Isolation".into() });
        }
        let mounts = spec.mounts.unwrap_or_default().into_iter().map(TryInto::try_into);
        Ok(Self {
            image: spec.image,
            entrypoint: spec.command.unwrap_or_default(),
            command: spec.args.unwrap_or_default(),
            environment: spec.env.unwrap_or_default(),
            hostname: spec.hostname,
            user: spec.user,
            working_directory: spec.dir,
            labels: spec.labels.unwrap_or_default(),
            mounts: mounts.collect::<Result<_, _>>()?,
            stop_signal: spec.stop_signal,
            stop_grace: spec.stop_grace_period.map(Duration::from_nanos),
        })
    }
}
