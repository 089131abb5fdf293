//! Limits of a container as a whole.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Limits; `None` leaves the kernel's default. In an update, `None` leaves what was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Memory in bytes; -1: no limit.
    pub memory_bytes: Option<i64>,
    /// Memory and swap together in bytes; -1: no limit on swap.
    pub memory_swap_bytes: Option<i64>,
    /// Memory in bytes below which the container is spared when memory is short.
    pub memory_reservation_bytes: Option<i64>,
    /// Tendency to swap, 0 to 100 (cgroup v1 only).
    pub memory_swappiness: Option<u64>,
    /// CPU time in billionths of a CPU: 1.5 CPUs are 1500000000. 0: no limit.
    pub nano_cpus: Option<u64>,
    /// Share of the CPUs when they are busy, 2 to 262144; 1024 is normal.
    pub cpu_shares: Option<u64>,
    /// CPUs that may be used: `0-2,4`.
    pub cpuset_cpus: Option<String>,
    /// Memory nodes that may be used.
    pub cpuset_mems: Option<String>,
    /// Number of processes and threads; 0 or -1: no limit.
    pub pids_max: Option<i64>,
    /// Share of the disks when they are busy, 10 to 1000.
    pub blkio_weight: Option<u16>,
    /// Bytes per second read from a disk.
    pub read_bps: Vec<Throttle>,
    /// Bytes per second written to a disk.
    pub write_bps: Vec<Throttle>,
    /// Reads per second from a disk.
    pub read_iops: Vec<Throttle>,
    /// Writes per second to a disk.
    pub write_iops: Vec<Throttle>,
    /// Devices allowed beside the default ones and those of the container's own device nodes.
    pub device_rules: Vec<DeviceRule>,
}

/// A rate on one disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// Major number of the disk.
    pub major: u32,
    /// Minor number of the disk.
    pub minor: u32,
    /// Bytes or operations per second.
    pub rate: u64,
}

/// A device node made inside the container and allowed there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The node on the host it is like.
    pub host_path: PathBuf,
    /// Where it is inside.
    pub path: PathBuf,
    /// Of `r` (read), `w` (write), `m` (make).
    pub access: String,
}

/// Kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceKind {
    /// Every device; numbers are ignored.
    All,
    /// Character devices.
    Char,
    /// Block devices.
    Block,
}

/// Devices that a container may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRule {
    /// Kind.
    pub kind: DeviceKind,
    /// Major number; `None`: any.
    pub major: Option<u32>,
    /// Minor number; `None`: any.
    pub minor: Option<u32>,
    /// Of `r` (read), `w` (write), `m` (make).
    pub access: String,
}

impl Resources {
    /// These limits with those that `update` gives put over them.
    #[must_use]
    pub fn updated(&self, update: &Self) -> Self {
        let list = |old: &Vec<Throttle>, new: &Vec<Throttle>| if new.is_empty() { old } else { new }.clone();
        Self {
            memory_bytes: update.memory_bytes.or(self.memory_bytes),
            memory_swap_bytes: update.memory_swap_bytes.or(self.memory_swap_bytes),
            memory_reservation_bytes: update.memory_reservation_bytes.or(self.memory_reservation_bytes),
            memory_swappiness: update.memory_swappiness.or(self.memory_swappiness),
            nano_cpus: update.nano_cpus.or(self.nano_cpus),
            cpu_shares: update.cpu_shares.or(self.cpu_shares),
            cpuset_cpus: update.cpuset_cpus.clone().or_else(|| self.cpuset_cpus.clone()),
            cpuset_mems: update.cpuset_mems.clone().or_else(|| self.cpuset_mems.clone()),
            pids_max: update.pids_max.or(self.pids_max),
            blkio_weight: update.blkio_weight.or(self.blkio_weight),
            read_bps: list(&self.read_bps, &update.read_bps),
            write_bps: list(&self.write_bps, &update.write_bps),
            read_iops: list(&self.read_iops, &update.read_iops),
            write_iops: list(&self.write_iops, &update.write_iops),
            device_rules: self.device_rules.clone(),
        }
    }
}
