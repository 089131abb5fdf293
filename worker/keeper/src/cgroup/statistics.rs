//! What a container uses.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Hierarchies;

/// Use of resources at one moment; counters run since the container was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Memory in bytes without the page cache that is easily given back (Docker's figure).
    pub memory_bytes: u64,
    /// Memory limit in bytes; `None`: no limit.
    pub memory_limit_bytes: Option<u64>,
    /// CPU time in nanoseconds.
    pub cpu_ns: u64,
    /// CPU time in the kernel, in nanoseconds.
    pub cpu_system_ns: u64,
    /// Periods in which the container had to wait because of its CPU limit.
    pub cpu_throttled_periods: u64,
    /// Processes and threads.
    pub pids: u64,
    /// Bytes read from disks.
    pub disk_read_bytes: u64,
    /// Bytes written to disks.
    pub disk_write_bytes: u64,
}

/// Reads the group `path` (`parent/id`). What the node has no controller for stays 0.
pub(crate) fn read(hierarchies: &Hierarchies, path: &str) -> Statistics {
    match &hierarchies.unified {
        Some(root) if hierarchies.is_v2() => read_v2(&root.join(path)),
        _ => read_v1(hierarchies, path),
    }
}

fn read_v1(hierarchies: &Hierarchies, path: &str) -> Statistics {
    let text = |controller: &str, file: &str| {
        let group = hierarchies.v1_root(controller).map(|root| root.join(path));
        group.map(|group| text_of(&group, file)).unwrap_or_default()
    };
    let number = |controller, file| text(controller, file).trim().parse().unwrap_or(0);
    let inactive = keyed(&text("memory", "memory.stat"), "total_inactive_file ");
    let limit: u64 = number("memory", "memory.limit_in_bytes");
    let disk = text("blkio", "blkio.throttle.io_service_bytes_recursive");
    let moved = |kind: &str| {
        let of_line = |line: &str| line.split_once(kind)?.1.trim().parse::<u64>().ok();
        disk.lines().filter_map(of_line).sum()
    };
    Statistics {
        memory_bytes: number("memory", "memory.usage_in_bytes").saturating_sub(inactive),
        memory_limit_bytes: (1..1 << 62).contains(&limit).then_some(limit),
        cpu_ns: number("cpuacct", "cpuacct.usage"),
        cpu_system_ns: number("cpuacct", "cpuacct.usage_sys"),
        cpu_throttled_periods: keyed(&text("cpu", "cpu.stat"), "nr_throttled "),
        pids: number("pids", "pids.current"),
        disk_read_bytes: moved(" Read "),
        disk_write_bytes: moved(" Write "),
    }
}

fn read_v2(group: &Path) -> Statistics {
    let number = |file| text_of(group, file).trim().parse().ok();
    let cpu = text_of(group, "cpu.stat");
    let io = text_of(group, "io.stat");
    let moved = |key: &str| {
        io.split_whitespace().filter_map(|word| word.strip_prefix(key)?.parse::<u64>().ok()).sum()
    };
    let inactive = keyed(&text_of(group, "memory.stat"), "inactive_file ");
    Statistics {
        memory_bytes: number("memory.current").unwrap_or(0_u64).saturating_sub(inactive),
        memory_limit_bytes: number("memory.max"),
        cpu_ns: keyed(&cpu, "usage_usec ") * 1000,
        cpu_system_ns: keyed(&cpu, "system_usec ") * 1000,
        cpu_throttled_periods: keyed(&cpu, "nr_throttled "),
        pids: number("pids.current").unwrap_or(0),
        disk_read_bytes: moved("rbytes="),
        disk_write_bytes: moved("wbytes="),
    }
}

fn text_of(group: &Path, file: &str) -> String {
    fs::read_to_string(group.join(file)).unwrap_or_default()
}

fn keyed(text: &str, key: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_2_files() {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("memory.current", "1000\n"),
            ("memory.max", "max\n"),
            ("memory.stat", "anon 5\ninactive_file 400\n"),
            ("cpu.stat", "usage_usec 7\nuser_usec 3\nsystem_usec 4\nnr_throttled 2\n"),
            ("pids.current", "3\n"),
            ("io.stat", "8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=2 rios=1\n"),
        ] {
            fs::write(dir.path().join(file), text).unwrap();
        }
        let expected = Statistics {
            memory_bytes: 600,
            memory_limit_bytes: None,
            cpu_ns: 7000,
            cpu_system_ns: 4000,
            cpu_throttled_periods: 2,
            pids: 3,
            disk_read_bytes: 11,
            disk_write_bytes: 22,
        };
        assert_eq!(read_v2(dir.path()), expected);
    }
}
