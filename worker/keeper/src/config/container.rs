//! The container as a whole.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Device, Mount, ProcessConfig, Resources};
use crate::{Failure, FailureKind};

/// Everything the keeper needs to make one container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerConfig {
    /// Unique name: letters, digits, `.`, `_`, `-`; also the name of its cgroups.
    pub id: String,
    /// Host name inside.
    pub hostname: String,
    /// The root file system.
    pub rootfs: RootFs,
    /// The first process.
    pub process: ProcessConfig,
    /// Mounts over the root, in any order: they are made parents first.
    pub mounts: Vec<Mount>,
    /// Device nodes beside the default ones.
    pub devices: Vec<Device>,
    /// Limits.
    pub resources: Resources,
    /// Folder of the container's cgroups below each hierarchy's root, for example `skep/<daemon id>`.
    pub cgroup_parent: String,
    /// System call filter.
    pub seccomp: Seccomp,
    /// Paths that must not be readable inside; see [`masked_paths`].
    pub masked_paths: Vec<String>,
    /// Paths that are read-only inside; see [`readonly_paths`].
    pub readonly_paths: Vec<String>,
    /// Namespaced kernel settings, `net.core.somaxconn` = `1024`.
    pub sysctls: BTreeMap<String, String>,
    /// Size of `/dev/shm` in bytes.
    pub shm_size_bytes: u64,
    /// Where output goes.
    pub log: LogConfig,
    /// Network namespace.
    pub network: Network,
}

/// An overlay of read-only layers with one writable directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// Read-only layers, topmost first; empty: `upper` alone is the root.
    pub lower: Vec<PathBuf>,
    /// Writable layer: an existing directory.
    pub upper: PathBuf,
    /// Overlay's work directory: existing, empty, on the same file system as `upper`.
    pub work: PathBuf,
    /// Whether the root is read-only for the container's processes.
    pub readonly: bool,
}

/// System call filter of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Seccomp {
    /// The profile in `seccomp/default.txt`, as far as the container's capabilities go.
    #[default]
    Default,
    /// No filter.
    Unconfined,
}

/// Log files of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogConfig {
    /// The file being written; older ones are `path.1`, `path.2` and so on. `/dev/null` throws output away.
    pub path: PathBuf,
    /// Size in bytes at which a new file begins; 0: never.
    pub size_max_bytes: u64,
    /// Number of files kept, the one being written included; at least 1.
    pub files_max: u32,
}

/// Network namespace of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Network {
    /// One of its own, empty but for `lo`; wired by the daemon between Create and Start.
    #[default]
    New,
    /// The node's.
    Host,
}

impl ContainerConfig {
    /// A container `id` with Docker's defaults: no limits, own network, default filter and paths, 64 MiB of shm.
    #[must_use]
    pub fn new(id: impl Into<String>, rootfs: RootFs, process: ProcessConfig, log: LogConfig) -> Self {
        let id = id.into();
        Self {
            hostname: id.chars().take(12).collect(),
            id,
            rootfs,
            process,
            mounts: Vec::new(),
            devices: Vec::new(),
            resources: Resources::default(),
            cgroup_parent: "skep".into(),
            seccomp: Seccomp::Default,
            masked_paths: masked_paths(),
            readonly_paths: readonly_paths(),
            sysctls: BTreeMap::new(),
            shm_size_bytes: 64 << 20,
            log,
            network: Network::New,
        }
    }

    /// Refuses what could never work or would write outside the container's own places.
    ///
    /// # Errors
    /// [`FailureKind::Config`], naming the field.
    pub fn check(&self) -> Result<(), Failure> {
        let refuse = |message: String| Err(Failure::new(FailureKind::Config, message));
        if !plain_name(&self.id) {
            return refuse(format!(
                "container id {:?}: use 1 to 128 letters, digits, '.', '_' or '-'",
                self.id
            ));
        }
        if !is_cgroup_path(&self.cgroup_parent) {
            return refuse(format!(
                "cgroup parent {:?} is not a relative path of plain names",
                self.cgroup_parent
            ));
        }
        if self.process.args.first().is_none_or(String::is_empty) {
            return refuse("no command given".into());
        }
        if self.hostname.len() > 63 {
            return refuse(format!("host name {:?} is longer than 63 bytes", self.hostname));
        }
        if self.log.files_max == 0 {
            return refuse("log: files_max must be at least 1".into());
        }
        for key in self.sysctls.keys() {
            if !self.sysctl_is_namespaced(key) {
                return refuse(format!("sysctl {key}: it belongs to the whole node, not to a container"));
            }
        }
        self.mounts.iter().try_for_each(Mount::check)
    }

    /// Whether a kernel setting is a namespace's own, so that a container may have its value.
    fn sysctl_is_namespaced(&self, key: &str) -> bool {
        let ipc = [
            "kernel.msgmax",
            "kernel.msgmnb",
            "kernel.msgmni",
            "kernel.sem",
            "kernel.shmall",
            "kernel.shmmax",
        ];
        let ipc_too = ["kernel.shmmni", "kernel.shm_rmid_forced", "kernel.domainname"];
        if key.contains("..") || key.contains('/') {
            return false;
        }
        let network = key.starts_with("net.") && self.network == Network::New;
        ipc.contains(&key) || ipc_too.contains(&key) || key.starts_with("fs.mqueue.") || network
    }
}

/// Whether `path` can only name a folder below a hierarchy's root, never the root itself.
pub(crate) fn is_cgroup_path(path: &str) -> bool {
    path.split('/').all(plain_name)
}

fn plain_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=128).contains(&name.len()) && name.chars().all(allowed) && !name.starts_with('.')
}

/// Paths hidden in a container as Docker hides them: they tell about, or act on, the whole node.
#[must_use]
pub fn masked_paths() -> Vec<String> {
    let paths = [
        "/proc/asound",
        "/proc/acpi",
        "/proc/interrupts",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ];
    paths.map(String::from).to_vec()
}

/// Paths that are read-only in a container as with Docker.
#[must_use]
pub fn readonly_paths() -> Vec<String> {
    ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"].map(String::from).to_vec()
}
