use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skep_model as model;

use super::filled;
use crate::error::{Others, Unsupported, refuse_others};

/// A limit that the kernel sets to each process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Ulimit {
    /// E.g. `nofile`.
    pub name: String,
    /// How far a process may raise it; -1 for no bound.
    pub hard: i64,
    /// What counts; -1 for no bound.
    pub soft: i64,
}

/// How a container looks up names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DnsConfig {
    /// Whom to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nameservers: Option<Vec<String>>,
    /// Domains of short names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<Vec<String>>,
    /// resolv.conf(5) options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<String>>,
}

/// What a container's processes may gain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Privileges {
    /// True when programs that they start give them no further rights.
    pub no_new_privileges: bool,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// A program that is run in a container after its start, or before its stop. Docker has no such thing in services.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Hook {
    /// The program with its arguments.
    pub command: Vec<String>,
    /// `user[:group]`; the container's when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Where it starts; the container's when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dir: String,
    /// `NAME=value`, beside the container's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<String>>,
}

/// Where output goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskLogDriver {
    /// The driver; the node's when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<BTreeMap<String, String>>,
}

impl From<&model::Ulimit> for Ulimit {
    fn from(limit: &model::Ulimit) -> Self {
        Self { name: limit.name.clone(), hard: limit.hard, soft: limit.soft }
    }
}

impl From<Ulimit> for model::Ulimit {
    fn from(limit: Ulimit) -> Self {
        Self { name: limit.name, hard: limit.hard, soft: limit.soft }
    }
}

impl From<&model::DnsConfig> for DnsConfig {
    fn from(dns: &model::DnsConfig) -> Self {
        Self {
            nameservers: filled(dns.nameservers.clone()),
            search: filled(dns.search.clone()),
            options: filled(dns.options.clone()),
        }
    }
}

impl From<DnsConfig> for model::DnsConfig {
    fn from(dns: DnsConfig) -> Self {
        Self {
            nameservers: dns.nameservers.unwrap_or_default(),
            search: dns.search.unwrap_or_default(),
            options: dns.options.unwrap_or_default(),
        }
    }
}

impl Privileges {
    /// Whether rights are bounded.
    pub(super) fn no_new(self) -> Result<bool, Unsupported> {
        refuse_others("ContainerSpec.Privileges", &self.others)?;
        Ok(self.no_new_privileges)
    }
}

impl From<&model::Hook> for Hook {
    fn from(hook: &model::Hook) -> Self {
        Self {
            command: hook.command.clone(),
            user: hook.user.clone(),
            dir: hook.working_directory.clone(),
            env: filled(hook.environment.clone()),
        }
    }
}

impl From<Hook> for model::Hook {
    fn from(hook: Hook) -> Self {
        Self {
            command: hook.command,
            user: hook.user,
            working_directory: hook.dir,
            environment: hook.env.unwrap_or_default(),
        }
    }
}

impl From<&model::LogDriver> for TaskLogDriver {
    fn from(driver: &model::LogDriver) -> Self {
        let options = (!driver.options.is_empty()).then(|| driver.options.clone());
        Self { name: driver.name.clone(), options }
    }
}

impl From<TaskLogDriver> for model::LogDriver {
    fn from(driver: TaskLogDriver) -> Self {
        Self { name: driver.name, options: driver.options.unwrap_or_default() }
    }
}
