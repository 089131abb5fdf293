//! What limits are called in version 1.

use super::{Setting, set};
use crate::config::{Resources, Throttle};

/// Length of a CPU accounting period in microseconds: Docker's.
pub(super) const PERIOD_US: u64 = 100_000;

/// Quota per period for a number of billionths of CPUs; the kernel takes no less than 1000 µs.
pub(super) fn quota_us(nano_cpus: u64) -> u64 {
    (u128::from(nano_cpus) * u128::from(PERIOD_US) / 1_000_000_000).max(1000).try_into().unwrap_or(u64::MAX)
}

/// The files that hold these limits, in the order in which they must be written. `memory_before` is the memory limit
/// that holds now: the limit with swap must never be under the one without, so which goes first depends on it.
pub(super) fn settings(wanted: &Resources, memory_before: Option<i64>) -> Vec<Setting> {
    let mut list = memory(wanted, memory_before);
    list.extend(wanted.memory_reservation_bytes.map(|v| set("memory", "memory.soft_limit_in_bytes", v)));
    list.extend(wanted.memory_swappiness.map(|v| set("memory", "memory.swappiness", v)));
    list.extend(wanted.cpu_shares.filter(|v| *v > 0).map(|v| set("cpu", "cpu.shares", v)));
    if let Some(nanos) = wanted.nano_cpus {
        list.push(set("cpu", "cpu.cfs_period_us", PERIOD_US));
        let quota = if nanos == 0 { "-1".into() } else { quota_us(nanos).to_string() };
        list.push(set("cpu", "cpu.cfs_quota_us", quota));
    }
    list.extend(wanted.cpuset_cpus.as_ref().map(|v| set("cpuset", "cpuset.cpus", v)));
    list.extend(wanted.cpuset_mems.as_ref().map(|v| set("cpuset", "cpuset.mems", v)));
    list.extend(
        wanted.pids_max.map(|v| set("pids", "pids.max", if v > 0 { v.to_string() } else { "max".into() })),
    );
    list.extend(wanted.blkio_weight.filter(|v| *v > 0).map(|v| set("blkio", "blkio.bfq.weight", v)));
    let mut throttle = |file, rates: &[Throttle]| {
        list.extend(rates.iter().map(|t| set("blkio", file, format!("{}:{} {}", t.major, t.minor, t.rate))));
    };
    throttle("blkio.throttle.read_bps_device", &wanted.read_bps);
    throttle("blkio.throttle.write_bps_device", &wanted.write_bps);
    throttle("blkio.throttle.read_iops_device", &wanted.read_iops);
    throttle("blkio.throttle.write_iops_device", &wanted.write_iops);
    list
}

fn memory(wanted: &Resources, before: Option<i64>) -> Vec<Setting> {
    let asked = |value: Option<i64>| value.filter(|v| *v != 0).map(|v| v.max(-1));
    let limit = asked(wanted.memory_bytes).map(|v| (v, set("memory", "memory.limit_in_bytes", v)));
    let swap = asked(wanted.memory_swap_bytes).map(|v| set("memory", "memory.memsw.limit_in_bytes", v));
    let unlimited = |v: i64| if v < 0 { i64::MAX } else { v };
    let raising = match (&limit, before) {
        (Some((new, _)), Some(old)) => unlimited(*new) > unlimited(old),
        _ => false,
    };
    let limit = limit.map(|(_, setting)| setting);
    let order = if raising { [swap, limit] } else { [limit, swap] };
    order.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(wanted: &Resources, before: Option<i64>) -> Vec<String> {
        settings(wanted, before).iter().map(|s| format!("{}/{}={}", s.controller, s.file, s.value)).collect()
    }

    #[test]
    fn swap_goes_first_only_when_memory_is_raised() {
        let wanted =
            Resources { memory_bytes: Some(64), memory_swap_bytes: Some(128), ..Resources::default() };
        let lowered = ["memory/memory.limit_in_bytes=64", "memory/memory.memsw.limit_in_bytes=128"];
        assert_eq!(text(&wanted, None), lowered);
        assert_eq!(text(&wanted, Some(-1)), lowered);
        assert_eq!(text(&wanted, Some(32)), [lowered[1], lowered[0]]);
    }

    #[test]
    fn cpu_pids_and_disks() {
        let wanted = Resources {
            nano_cpus: Some(1_500_000_000),
            pids_max: Some(-1),
            read_bps: vec![Throttle { major: 8, minor: 0, rate: 9 }],
            ..Resources::default()
        };
        let expected = [
            "cpu/cpu.cfs_period_us=100000",
            "cpu/cpu.cfs_quota_us=150000",
            "pids/pids.max=max",
            "blkio/blkio.throttle.read_bps_device=8:0 9",
        ];
        assert_eq!(text(&wanted, None), expected);
        let off = Resources { nano_cpus: Some(0), ..Resources::default() };
        assert_eq!(text(&off, None)[1], "cpu/cpu.cfs_quota_us=-1");
        assert_eq!(quota_us(1), 1000);
    }
}
