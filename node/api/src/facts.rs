use skep_model::Timestamp;

/// What the machine and the daemon are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// The daemon's id: stays the same for one data directory.
    pub id: String,
    /// The host name.
    pub hostname: String,
    /// The machine type as the kernel names it, e.g. `x86_64`.
    pub architecture: String,
    /// The kernel's release.
    pub kernel_version: String,
    /// The distribution, e.g. `Debian GNU/Linux 12 (bookworm)`.
    pub operating_system: String,
    /// CPUs that may be used.
    pub cpus: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// 1 or 2: where limits are set.
    pub cgroup_version: u8,
    /// The data directory.
    pub data_root: String,
    /// The daemon's labels, `key=value`.
    pub labels: Vec<String>,
    /// True when debug messages are on.
    pub debug: bool,
    /// The daemon's time.
    pub now: Timestamp,
}
