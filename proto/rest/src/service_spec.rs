//! A service's spec in Docker's shape.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_model as model;
use skep_model::{NetworkTarget, limits};

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
    /// Raised to replace all tasks.
    pub force_update: u64,
    /// `container` or empty.
    pub runtime: String,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

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

/// One mount.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Mount {
    /// `bind` or `tmpfs`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// The path on the host.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// True when the container may not write.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Of a tmpfs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmpfs_options: Option<TmpfsOptions>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// A tmpfs's size and mode.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TmpfsOptions {
    /// Bytes; 0 for no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Mode bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
}

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

/// When a task is replaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RestartPolicy {
    /// `none`, `on-failure`, `any`; `any` when empty.
    pub condition: String,
    /// Nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<u64>,
    /// 0 for no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u64>,
    /// Nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u64>,
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

/// How a service is reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EndpointSpec {
    /// `vip` or `dnsrr`; `vip` when empty.
    pub mode: String,
    /// Its published ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<PortConfig>>,
}

/// One published port.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PortConfig {
    /// Its name; has no meaning.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `tcp` or `udp`; `tcp` when empty.
    pub protocol: String,
    /// The port in the task.
    pub target_port: u16,
    /// The port on the nodes; 0 for a dynamic one.
    pub published_port: u16,
    /// `ingress`; also when empty.
    pub publish_mode: String,
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn filled<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
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
            endpoint_spec: Some(EndpointSpec {
                mode: match spec.endpoint.mode {
                    model::EndpointMode::Vip => "vip".into(),
                    model::EndpointMode::Dnsrr => "dnsrr".into(),
                },
                ports: filled(spec.endpoint.ports.iter().map(port_to_rest).collect()),
            }),
            others: Others::new(),
        }
    }
}

impl From<&model::TaskSpec> for TaskSpec {
    fn from(spec: &model::TaskSpec) -> Self {
        let (limits, reserved) = (spec.resources.limits, spec.resources.reservations);
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
        let networks = spec.networks.iter().map(|attachment| NetworkAttachmentConfig {
            target: match &attachment.target {
                NetworkTarget::Id(id) => id.to_string(),
                NetworkTarget::Name(name) => name.clone(),
            },
            aliases: filled(attachment.aliases.clone()),
        });
        Self {
            container_spec: ContainerSpec::from(&spec.container),
            resources: Some(ResourceRequirements { limits: Some(limits), reservations: Some(reservations) }),
            restart_policy: Some(RestartPolicy {
                condition: spec.restart.condition.to_string(),
                delay: Some(nanos(spec.restart.delay)),
                max_attempts: Some(spec.restart.attempts_max),
                window: Some(nanos(spec.restart.window)),
            }),
            networks: filled(networks.collect()),
            force_update: spec.force_update,
            runtime: "container".into(),
            others: Others::new(),
        }
    }
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
            mounts: filled(spec.mounts.iter().map(mount_to_rest).collect()),
            stop_signal: spec.stop_signal.clone(),
            stop_grace_period: spec.stop_grace.map(nanos),
            isolation: "default".into(),
            others: Others::new(),
        }
    }
}

fn mount_to_rest(mount: &model::Mount) -> Mount {
    let common = Mount { target: mount.target.clone(), read_only: mount.read_only, ..Mount::default() };
    match &mount.kind {
        model::MountKind::Bind { source } => Mount { kind: "bind".into(), source: source.clone(), ..common },
        model::MountKind::Tmpfs { size_bytes, mode } => {
            let options = TmpfsOptions { size_bytes: *size_bytes, mode: *mode };
            Mount { kind: "tmpfs".into(), tmpfs_options: Some(options), ..common }
        }
    }
}

pub(crate) fn port_to_rest(port: &model::PortConfig) -> PortConfig {
    let model::PortMode::Ingress = port.mode;
    PortConfig {
        name: String::new(),
        protocol: port.protocol.to_string(),
        target_port: port.target,
        published_port: port.published,
        publish_mode: "ingress".into(),
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
            force_update: spec.force_update,
        })
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

impl TryFrom<Mount> for model::Mount {
    type Error = Unsupported;

    fn try_from(mount: Mount) -> Result<Self, Unsupported> {
        refuse_others("Mounts", &mount.others)?;
        let kind = match mount.kind.as_str() {
            "bind" => model::MountKind::Bind { source: mount.source },
            "tmpfs" => {
                let options = mount.tmpfs_options.unwrap_or_default();
                model::MountKind::Tmpfs { size_bytes: options.size_bytes, mode: options.mode }
            }
            other => {
                return Err(Unsupported::value(
                    "Mounts.Type",
                    format!("'{other}' is not one of bind, tmpfs"),
                ));
            }
        };
        Ok(Self { target: mount.target, kind, read_only: mount.read_only })
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

impl TryFrom<RestartPolicy> for model::RestartPolicy {
    type Error = Unsupported;

    fn try_from(policy: RestartPolicy) -> Result<Self, Unsupported> {
        let default = Self::default();
        let condition = match policy.condition.as_str() {
            "" => default.condition,
            word => word.parse().map_err(|error| Unsupported::value("RestartPolicy.Condition", error))?,
        };
        Ok(Self {
            condition,
            delay: policy.delay.map_or(default.delay, Duration::from_nanos),
            attempts_max: policy.max_attempts.unwrap_or(default.attempts_max),
            window: policy.window.map_or(default.window, Duration::from_nanos),
        })
    }
}

impl TryFrom<EndpointSpec> for model::EndpointSpec {
    type Error = Unsupported;

    fn try_from(spec: EndpointSpec) -> Result<Self, Unsupported> {
        let mode = match spec.mode.as_str() {
            "" | "vip" => model::EndpointMode::Vip,
            "dnsrr" => model::EndpointMode::Dnsrr,
            other => {
                return Err(Unsupported::value(
                    "EndpointSpec.Mode",
                    format!("'{other}' is not one of vip, dnsrr"),
                ));
            }
        };
        let ports = spec.ports.unwrap_or_default().into_iter().map(TryInto::try_into);
        Ok(Self { mode, ports: ports.collect::<Result<_, _>>()? })
    }
}

impl TryFrom<PortConfig> for model::PortConfig {
    type Error = Unsupported;

    fn try_from(port: PortConfig) -> Result<Self, Unsupported> {
        if !matches!(port.publish_mode.as_str(), "" | "ingress") {
            let reason =
                format!("'{}' is not supported by this version of Skep; use ingress", port.publish_mode);
            return Err(Unsupported::value("EndpointSpec.Ports.PublishMode", reason));
        }
        let protocol = match port.protocol.as_str() {
            "" => model::Protocol::Tcp,
            word => word.parse().map_err(|error| Unsupported::value("EndpointSpec.Ports.Protocol", error))?,
        };
        Ok(Self {
            protocol,
            target: port.target_port,
            published: port.published_port,
            mode: model::PortMode::Ingress,
        })
    }
}

#[cfg(test)]
#[path = "service_spec_test.rs"]
mod service_spec_test;
