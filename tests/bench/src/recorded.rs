//! Docker Swarm 20.10 on a quiet machine with two cores, 2026-11-23: reference/peer-measurements.md, section 0a, with CPU time
//! and pending tasks from section 1. Used when it is not installed; a ratio to these is no more than a hint.

/// One task, from the call to running, in seconds.
pub(crate) const TASK_SECONDS: f64 = 0.5344;
/// CPU time for one container's start, in seconds.
pub(crate) const CPU_SECONDS: f64 = 0.323;
/// None to a hundred replicas, in seconds.
pub(crate) const HUNDRED_SECONDS: f64 = 16.603;
/// dockerd and containerd in a swarm of one, in KiB.
pub(crate) const IDLE_KIB: f64 = 140.65 * 1024.0;
/// dockerd's and containerd's growth and a shim, for one container, in KiB.
pub(crate) const CONTAINER_KIB: f64 = 2.8 * 1024.0;
/// A list of 500 services with 20,000 pending tasks, in seconds (2026-11-26, by this program).
pub(crate) const SERVICES_SECONDS: f64 = 0.100;
/// The same of the tasks of one of them.
pub(crate) const TASKS_SECONDS: f64 = 0.0011;
/// One pending task of ten thousand, in KiB.
pub(crate) const PENDING_KIB: f64 = 20.0;
