//! What limits are called in version 2.

use super::v1::{PERIOD_US, quota_us};
use super::{Setting, set};
use crate::config::{Resources, Throttle};

/// The files that hold these limits.
pub(super) fn settings(wanted: &Resources) -> Vec<Setting> {
    let bytes = |v: i64| if v < 0 { "max".to_owned() } else { v.to_string() };
    let mut list = Vec::new();
    let memory = wanted.memory_bytes.filter(|v| *v != 0);
    list.extend(memory.map(|v| set("memory", "memory.max", bytes(v))));
    list.extend(
        swap_only(memory, wanted.memory_swap_bytes).map(|v| set("memory", "memory.swap.max", bytes(v))),
    );
    list.extend(wanted.memory_reservation_bytes.map(|v| set("memory", "memory.low", bytes(v))));
    list.extend(wanted.cpu_shares.filter(|v| *v > 0).map(|v| set("cpu", "cpu.weight", weight_of_shares(v))));
    list.extend(wanted.nano_cpus.map(|nanos| {
        let quota = if nanos == 0 { "max".into() } else { quota_us(nanos).to_string() };
        set("cpu", "cpu.max", format!("{quota} {PERIOD_US}"))
    }));
    list.extend(wanted.cpuset_cpus.as_ref().map(|v| set("cpuset", "cpuset.cpus", v)));
    list.extend(wanted.cpuset_mems.as_ref().map(|v| set("cpuset", "cpuset.mems", v)));
    list.extend(
        wanted.pids_max.map(|v| set("pids", "pids.max", if v > 0 { v.to_string() } else { "max".into() })),
    );
    list.extend(wanted.blkio_weight.filter(|v| *v > 0).map(|v| {
        set("io", "io.weight", format!("default {}", 1 + (u64::from(v).clamp(10, 1000) - 10) * 9999 / 990))
    }));
    let mut throttle = |key: &str, rates: &[Throttle]| {
        let line = |t: &Throttle| set("io", "io.max", format!("{}:{} {key}={}", t.major, t.minor, t.rate));
        list.extend(rates.iter().map(line));
    };
    throttle("rbps", &wanted.read_bps);
    throttle("wbps", &wanted.write_bps);
    throttle("riops", &wanted.read_iops);
    throttle("wiops", &wanted.write_iops);
    list
}

/// Version 2 limits swap alone; callers limit memory and swap together.
fn swap_only(memory: Option<i64>, together: Option<i64>) -> Option<i64> {
    match (memory, together.filter(|v| *v != 0)?) {
        (_, ..0) => Some(-1),
        (Some(memory), together) if memory > 0 => Some((together - memory).max(0)),
        _ => None,
    }
}

/// Shares 2..262144 on the scale of weights 1..10000, as the OCI runtime specification maps them.
fn weight_of_shares(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9999 / 262_142
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_of_all_files() {
        let wanted = Resources {
            memory_bytes: Some(64),
            memory_swap_bytes: Some(96),
            memory_reservation_bytes: Some(32),
            cpu_shares: Some(1024),
            nano_cpus: Some(500_000_000),
            cpuset_cpus: Some("0-1".into()),
            pids_max: Some(10),
            blkio_weight: Some(1000),
            write_iops: vec![Throttle { major: 8, minor: 16, rate: 5 }],
            ..Resources::default()
        };
        let text: Vec<String> = settings(&wanted).iter().map(|s| format!("{}={}", s.file, s.value)).collect();
        let expected = [
            "memory.max=64",
            "memory.swap.max=32",
            "memory.low=32",
            "cpu.weight=39",
            "cpu.max=50000 100000",
            "cpuset.cpus=0-1",
            "pids.max=10",
            "io.weight=default 10000",
            "io.max=8:16 wiops=5",
        ];
        assert_eq!(text, expected);
    }

    #[test]
    fn no_limit() {
        let wanted = Resources {
            memory_bytes: Some(-1),
            memory_swap_bytes: Some(-1),
            nano_cpus: Some(0),
            pids_max: Some(0),
            ..Resources::default()
        };
        let text: Vec<String> = settings(&wanted).into_iter().map(|s| s.value).collect();
        assert_eq!(text, ["max", "max", "max 100000", "max"]);
    }
}
