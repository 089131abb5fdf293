use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_model as model;

use super::{
    ConfigFile, DnsConfig, HealthConfig, Hook, Mount, Privileges, SecretReference, Ulimit, filled, nanos,
};
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
    /// Further groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// What its processes may gain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileges: Option<Privileges>,
    /// Whether it has a small first process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<bool>,
    /// True when it has a terminal.
    #[serde(rename = "TTY", skip_serializing_if = "std::ops::Not::not")]
    pub tty: bool,
    /// True when its standard input stays open.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub open_stdin: bool,
    /// True when it may not write to its root.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// `address name [name...]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<String>>,
    /// How it looks up names.
    #[serde(rename = "DNSConfig", skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<DnsConfig>,
    /// How it is found out whether it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<HealthConfig>,
    /// Its secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Vec<SecretReference>>,
    /// Its configs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configs: Option<Vec<ConfigFile>>,
    /// Kernel settings of its own namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sysctls: Option<BTreeMap<String, String>>,
    /// Capabilities beyond the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capability_add: Option<Vec<String>>,
    /// Capabilities of the default that it goes without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capability_drop: Option<Vec<String>>,
    /// Limits of its processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ulimits: Option<Vec<Ulimit>>,
    /// How readily the kernel kills it.
    #[serde(skip_serializing_if = "is_zero")]
    pub oom_score_adj: i32,
    /// What is run in it after its start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_start: Option<Vec<Hook>>,
    /// What is run in it before its stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_stop: Option<Vec<Hook>>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

fn is_zero(number: &i32) -> bool {
    *number == 0
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
            groups: filled(spec.groups.clone()),
            privileges: spec
                .no_new_privileges
                .then(|| Privileges { no_new_privileges: true, ..Privileges::default() }),
            init: spec.init,
            tty: spec.tty,
            open_stdin: spec.open_stdin,
            read_only: spec.read_only,
            hosts: filled(spec.hosts.clone()),
            dns_config: (spec.dns != model::DnsConfig::default()).then(|| DnsConfig::from(&spec.dns)),
            healthcheck: spec.health.as_ref().map(HealthConfig::from),
            secrets: filled(spec.secrets.iter().map(SecretReference::from).collect()),
            configs: filled(spec.configs.iter().map(ConfigFile::from).collect()),
            sysctls: (!spec.sysctls.is_empty()).then(|| spec.sysctls.clone()),
            capability_add: filled(spec.capability_add.clone()),
            capability_drop: filled(spec.capability_drop.clone()),
            ulimits: filled(spec.ulimits.iter().map(Ulimit::from).collect()),
            oom_score_adj: spec.oom_score_adj,
            post_start: filled(spec.post_start.iter().map(Hook::from).collect()),
            pre_stop: filled(spec.pre_stop.iter().map(Hook::from).collect()),
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
        Ok(Self {
            image: spec.image,
            entrypoint: spec.command.unwrap_or_default(),
            command: spec.args.unwrap_or_default(),
            environment: spec.env.unwrap_or_default(),
            hostname: spec.hostname,
            user: spec.user,
            working_directory: spec.dir,
            labels: spec.labels.unwrap_or_default(),
            mounts: try_all(spec.mounts)?,
            stop_signal: spec.stop_signal,
            stop_grace: spec.stop_grace_period.map(Duration::from_nanos),
            groups: spec.groups.unwrap_or_default(),
            tty: spec.tty,
            open_stdin: spec.open_stdin,
            init: spec.init,
            read_only: spec.read_only,
            hosts: spec.hosts.unwrap_or_default(),
            dns: spec.dns_config.map(Into::into).unwrap_or_default(),
            capability_add: spec.capability_add.unwrap_or_default(),
            capability_drop: spec.capability_drop.unwrap_or_default(),
            sysctls: spec.sysctls.unwrap_or_default(),
            ulimits: all(spec.ulimits),
            oom_score_adj: spec.oom_score_adj,
            no_new_privileges: spec.privileges.unwrap_or_default().no_new()?,
            health: spec.healthcheck.map(TryInto::try_into).transpose()?,
            secrets: try_all(spec.secrets)?,
            configs: try_all(spec.configs)?,
            post_start: all(spec.post_start),
            pre_stop: all(spec.pre_stop),
        })
    }
}

fn all<T: Into<M>, M>(items: Option<Vec<T>>) -> Vec<M> {
    items.into_iter().flatten().map(Into::into).collect()
}

fn try_all<T, M>(items: Option<Vec<T>>) -> Result<Vec<M>, Unsupported>
where
    M: TryFrom<T, Error = Unsupported>,
{
    items.into_iter().flatten().map(TryInto::try_into).collect()
}
