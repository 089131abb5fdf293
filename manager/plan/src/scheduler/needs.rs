//! What a spec asks of its tasks' node.

use skep_model::{MountKind, PortConfig, Reservations, ServiceSpec, Subject};

use crate::fits::Fits;

/// Levels of spread preferences that count; what is nested deeper changes nothing that anyone could see.
const SPREAD_LEVELS_MAX: usize = 16;
/// The volume driver that Skep has.
const VOLUME_DRIVER: &str = "local";
/// The log drivers that Skep has.
const LOG_DRIVERS: [&str; 3] = ["json-file", "local", "none"];

/// What a spec asks of a node, read once for all tasks that have it.
#[derive(Clone, Debug)]
pub(crate) struct Needs {
    pub(crate) reserved: Reservations,
    /// Its ports in host mode, but for those that nodes choose.
    pub(crate) ports: Vec<PortConfig>,
    pub(crate) fits: Fits,
    /// A driver that no node has, for people.
    pub(crate) missing_driver: Option<String>,
    /// Most active tasks of the service on one node; 0: no bound.
    pub(crate) replicas_max: u64,
    /// What tasks are spread over, the outermost first.
    pub(crate) spread: Vec<Subject>,
    /// The named volumes whose data is on their node and nowhere else.
    pub(crate) volumes: Vec<String>,
}

impl Needs {
    pub(crate) fn of(spec: &ServiceSpec) -> Self {
        let placement = &spec.task.placement;
        let labels = placement.spread.iter().map(|key| Subject::of(key));
        let labels = labels.filter(|key| matches!(key, Subject::NodeLabel(_) | Subject::EngineLabel(_)));
        Self {
            reserved: spec.task.resources.reservations.clone(),
            ports: fixed_ports(spec).copied().collect(),
            fits: Fits::new(placement),
            missing_driver: missing_driver(spec),
            replicas_max: placement.max_replicas_per_node,
            spread: labels.take(SPREAD_LEVELS_MAX).collect(),
            volumes: own_volumes(spec),
        }
    }

    /// Whether a task has to stay on the node where it once was.
    pub(crate) fn holds_to_nodes(&self) -> bool {
        !self.volumes.is_empty()
    }

    /// Whether a task takes anything that other tasks lack then.
    pub(crate) fn takes(&self) -> bool {
        self.reserved != Reservations::default() || !self.ports.is_empty()
    }
}

/// The ports in host mode of which a node has only one.
pub(crate) fn fixed_ports(spec: &ServiceSpec) -> impl Iterator<Item = &PortConfig> {
    spec.endpoint.host_ports().filter(|port| port.published != 0)
}

/// The named volumes of a spec that live on one node. One with options (an NFS export, a device) has its data elsewhere.
pub(crate) fn own_volumes(spec: &ServiceSpec) -> Vec<String> {
    let mounts = spec.task.container.mounts.iter().filter_map(|mount| match &mount.kind {
        MountKind::Volume(volume) => Some(volume),
        MountKind::Bind { .. } | MountKind::Tmpfs { .. } => None,
    });
    let own = mounts.filter(|volume| !volume.name.is_empty() && volume.options.is_empty());
    own.map(|volume| volume.name.clone()).collect()
}

fn missing_driver(spec: &ServiceSpec) -> Option<String> {
    let volumes = spec.task.container.mounts.iter().filter_map(|mount| match &mount.kind {
        MountKind::Volume(volume) => Some(&volume.driver),
        MountKind::Bind { .. } | MountKind::Tmpfs { .. } => None,
    });
    let volume = volumes.into_iter().find(|driver| !driver.is_empty() && *driver != VOLUME_DRIVER);
    let log = spec.task.log_driver.as_ref().map(|driver| driver.name.as_str());
    let log = log.filter(|driver| !driver.is_empty() && !LOG_DRIVERS.contains(driver));
    let log = log.map(|driver| format!("log driver {driver} (there are {})", LOG_DRIVERS.join(", ")));
    volume.map(|driver| format!("volume driver {driver} (there is {VOLUME_DRIVER})")).or(log)
}
