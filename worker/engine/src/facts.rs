//! What the machine is.

use std::fs;
use std::net::Ipv4Addr;

use skep_model::{Labels, NodeDescription};

/// What the machine is, as the kernel tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The host name of this daemon's namespace.
    pub hostname: String,
    /// The machine type, e.g. `x86_64`.
    pub architecture: String,
    /// The kernel's release.
    pub kernel_version: String,
    /// The distribution, e.g. `Debian GNU/Linux 12 (bookworm)`.
    pub operating_system: String,
    /// CPUs that this process may use.
    pub cpus: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// 1 or 2: where limits are set.
    pub cgroup_version: u8,
}

impl Facts {
    /// Asks the kernel.
    pub fn read() -> Self {
        let names = nix::sys::utsname::uname().ok();
        let text = |part: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
            names.as_ref().map(|names| part(names).to_string_lossy().into_owned()).unwrap_or_default()
        };
        Self {
            hostname: text(|names| names.nodename()),
            architecture: text(|names| names.machine()),
            kernel_version: text(|names| names.release()),
            operating_system: operating_system(),
            cpus: std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64),
            memory_bytes: memory_bytes(),
            cgroup_version: if fs::exists("/sys/fs/cgroup/cgroup.controllers").unwrap_or(false) {
                2
            } else {
                1
            },
        }
    }

    /// What the node tells its managers, with the daemon's labels and where its end of the tunnel is (none: where it calls from); its
    /// key for encrypted networks is not known here.
    pub fn description(&self, engine_labels: Labels, data_path: Option<Ipv4Addr>) -> NodeDescription {
        NodeDescription {
            hostname: self.hostname.clone(),
            architecture: self.architecture.clone(),
            os: "linux".into(),
            nano_cpus: self.cpus * 1_000_000_000,
            memory_bytes: self.memory_bytes,
            engine_version: env!("CARGO_PKG_VERSION").into(),
            engine_labels,
            tunnel_key: None,
            ipv6: false,
            generic: Vec::new(),
            volumes: Vec::new(),
            data_path_address: data_path.map(|address| address.to_string()).unwrap_or_default(),
        }
    }
}

fn operating_system() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(|| "Linux".to_owned(), |name| name.trim_matches('"').to_owned())
}

fn memory_bytes() -> u64 {
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
