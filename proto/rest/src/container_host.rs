use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skep_model::{self as model, MountKind, PortConfig, PortMode};

use crate::error::{Others, Unsupported, refuse_others};
use crate::spec::Mount;

/// What of its node a plain container may use (Docker's `HostConfig`).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HostConfig {
    /// `source:target[:ro]`, each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binds: Option<Vec<String>>,
    /// Further mounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounts: Option<Vec<Mount>>,
    /// Refused when it names one: `Mounts` has a type for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmpfs: Option<BTreeMap<String, String>>,
    /// `default`, `bridge`, `none`, `host`, or a network of the swarm.
    pub network_mode: String,
    /// `80/tcp` to places on the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_bindings: Option<BTreeMap<String, Option<Vec<PortBinding>>>>,
    /// True when it is removed as soon as it has ended.
    pub auto_remove: bool,
    /// `no`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicyName>,
    /// Most bytes of memory; 0 for no bound.
    pub memory: u64,
    /// Bytes of memory that it is left when there is little.
    pub memory_reservation: u64,
    /// Billionths of a CPU; 0 for no bound.
    pub nano_cpus: u64,
    /// Most processes; 0 and less for no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pids_limit: Option<i64>,
    /// `json-file`, `local` or empty: logs are kept in files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_config: Option<LogDriver>,
    /// The size of the client's terminal, which asks for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console_size: Option<Vec<u64>>,
    /// -1, which says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_swappiness: Option<i64>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// A place on the node that leads to a container's port.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PortBinding {
    /// The node's address; empty for all of them.
    pub host_ip: String,
    /// The port; empty for a free one.
    pub host_port: String,
}

/// When a container is started again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RestartPolicyName {
    /// `no`, or empty.
    pub name: String,
    /// Of other policies.
    pub maximum_retry_count: u64,
}

/// How a log is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LogDriver {
    /// The driver.
    #[serde(rename = "Type")]
    pub kind: String,
    /// Its options: none.
    pub config: Option<BTreeMap<String, Value>>,
}

impl HostConfig {
    pub(crate) fn mounts(&self) -> Result<Vec<model::Mount>, Unsupported> {
        let binds = self.binds.iter().flatten().map(|text| bind(text));
        let mounts = self.mounts.iter().flatten().cloned().map(TryInto::try_into);
        binds.chain(mounts).collect()
    }

    pub(crate) fn resources(&self) -> Result<model::Resources, Unsupported> {
        self.refuse_unknown()?;
        let limits = model::Limits {
            nano_cpus: self.nano_cpus,
            memory_bytes: self.memory,
            pids: u64::try_from(self.pids_limit.unwrap_or_default()).unwrap_or_default(),
        };
        let reservations =
            model::Reservations { memory_bytes: self.memory_reservation, ..Default::default() };
        Ok(model::Resources { limits, reservations })
    }

    pub(crate) fn ports(&self) -> Result<Vec<PortConfig>, Unsupported> {
        let mut ports = Vec::new();
        for (key, places) in self.port_bindings.iter().flatten() {
            let (target, protocol) = target(key)?;
            for place in places.iter().flatten() {
                let (published, address) = place.read()?;
                ports.push(PortConfig { protocol, target, published, mode: PortMode::Host, address });
            }
        }
        Ok(ports)
    }

    fn refuse_unknown(&self) -> Result<(), Unsupported> {
        let refused = |field: &str, reason: &str| Err(Unsupported::value(field, reason));
        let restart = self.restart_policy.as_ref().map_or("", |policy| policy.name.as_str());
        if !matches!(restart, "" | "no") {
            let reason = format!(
                "'{restart}': a single container is not started again by itself; make a service of what has to go on"
            );
            return refused("HostConfig.RestartPolicy", &reason);
        }
        if self.tmpfs.as_ref().is_some_and(|mounts| !mounts.is_empty()) {
            return refused("HostConfig.Tmpfs", "write it as a mount: --mount type=tmpfs,target=PATH");
        }
        if let Some(log) = &self.log_config {
            if !matches!(log.kind.as_str(), "" | "json-file" | "local") {
                return refused(
                    "HostConfig.LogConfig",
                    &format!("'{}' is not known; leave it out", log.kind),
                );
            }
            if log.config.as_ref().is_some_and(|options| !options.is_empty()) {
                return refused("HostConfig.LogConfig", "logs have no options: leave them out");
            }
        }
        if !matches!(self.memory_swappiness, None | Some(-1 | 0)) {
            return refused("HostConfig.MemorySwappiness", "it cannot be set for one container");
        }
        refuse_others("HostConfig", &self.others)
    }
}

impl PortBinding {
    fn read(&self) -> Result<(u16, Option<IpAddr>), Unsupported> {
        let wrong = |text: &str, what: &str| {
            Unsupported::value("HostConfig.PortBindings", format!("'{text}' is not {what}"))
        };
        let published = match self.host_port.as_str() {
            "" => 0,
            text => text.parse().map_err(|_| wrong(text, "a port"))?,
        };
        let address = match self.host_ip.as_str() {
            "" => None,
            text => Some(text.parse::<IpAddr>().map_err(|_| wrong(text, "an address"))?),
        };
        Ok((published, address.filter(|address| !address.is_unspecified())))
    }
}

/// `80`, `80/tcp`.
fn target(key: &str) -> Result<(u16, model::Protocol), Unsupported> {
    let (port, protocol) = key.split_once('/').unwrap_or((key, "tcp"));
    let wrong = |reason: String| Unsupported::value("HostConfig.PortBindings", format!("'{key}': {reason}"));
    let port = port.parse().map_err(|_| wrong("write PORT/tcp or PORT/udp".into()))?;
    Ok((port, protocol.parse().map_err(|error: model::UnknownWord| wrong(error.to_string()))?))
}

/// `source:target[:ro,nocopy,...]`.
fn bind(text: &str) -> Result<model::Mount, Unsupported> {
    let wrong = |reason: &str| Unsupported::value("HostConfig.Binds", format!("'{text}': {reason}"));
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, options) = match parts[..] {
        [source, target] => (source, target, ""),
        [source, target, options] => (source, target, options),
        _ => return Err(wrong("write SOURCE:TARGET, or SOURCE:TARGET:ro")),
    };
    let of_host = source.starts_with('/');
    let (mut read_only, mut propagation, mut no_copy) = (false, model::Propagation::default(), false);
    for word in options.split(',').filter(|word| !word.is_empty()) {
        match (word, word.parse()) {
            ("rw", _) => read_only = false,
            ("ro", _) => read_only = true,
            ("nocopy", _) if !of_host => no_copy = true,
            (_, Ok(word)) if of_host => propagation = word,
            _ if of_host => return Err(wrong("the options that are known are ro, rw and how mounts spread")),
            _ => return Err(wrong("the options that are known are ro, rw and nocopy")),
        }
    }
    let kind = if of_host {
        MountKind::Bind { source: source.into(), propagation, recursion: model::Recursion::default() }
    } else {
        MountKind::Volume(model::VolumeMount {
            name: source.into(),
            no_copy,
            ..model::VolumeMount::default()
        })
    };
    Ok(model::Mount { target: target.into(), kind, read_only })
}
