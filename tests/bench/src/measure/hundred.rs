use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::daemon::Daemon;
use crate::pair::{Measured, Pair};
use crate::patience::rest;
use crate::recorded;
use crate::row::{Bound, Row};
use crate::samples::Samples;
use crate::unit::Unit;
use crate::workload::Service;

const REPLICAS: u32 = 100;
/// How long a side rests before its memory is looked at.
const SETTLE: Duration = Duration::from_secs(3);

/// How long a hundred containers take, and what each costs the orchestrator while it runs.
pub(crate) fn hundred(pair: &Pair, rounds: u32) -> Result<[Row; 2]> {
    let (mut time, mut baseline) = (Measured::default(), Measured::default());
    let mut memory: BTreeMap<&str, Samples> = BTreeMap::new();
    pair.round("memory without containers", Unit::Mebibytes, &mut baseline, |daemon| {
        rest(SETTLE)?;
        daemon.memory_kib()
    })?;
    for round in 1..=rounds {
        pair.round(&format!("hundred {round}/{rounds}"), Unit::Seconds, &mut time, |daemon| {
            let (seconds, kib) = once(daemon)?;
            memory.entry(daemon.name()).or_default().push(kib);
            Ok(seconds)
        })?;
    }
    let [ours, docker] = ["Skep", "Docker"].map(|name| memory.remove(name).unwrap_or_default());
    let growth = Measured {
        ours: per_container(&ours, &baseline.ours),
        docker: per_container(&docker, &baseline.docker),
    };
    Ok([time_row(time), memory_row(growth)])
}

/// Seconds until all run, and KiB while they do.
fn once(daemon: &Daemon) -> Result<(f64, f64)> {
    let start = Instant::now();
    let service = Service::create(daemon.api(), "hundred", REPLICAS)?;
    service.wait_for_count(REPLICAS)?;
    let took = start.elapsed();
    rest(SETTLE)?;
    let memory = daemon.memory_kib()?;
    service.remove()?;
    rest(SETTLE)?;
    Ok((took.as_secs_f64(), memory))
}

/// Against the one baseline before the first round: what a daemon keeps from round to round counts.
fn per_container(while_running: &Samples, before: &Samples) -> Samples {
    let mut growth = Samples::default();
    for kib in while_running.all() {
        growth.push((kib - before.median()) / f64::from(REPLICAS));
    }
    growth
}

fn time_row(measured: Measured) -> Row {
    Row {
        name: "hundred",
        title: "0 to 100 replicas running",
        unit: Unit::Seconds,
        measured,
        recorded: recorded::HUNDRED_SECONDS,
        bound: Bound::Part(1.0, 8.0),
        method: "POST /services/create with 100 replicas, then GET /services?status=true every 25 ms until 100 run",
    }
}

fn memory_row(measured: Measured) -> Row {
    Row {
        name: "hundred",
        title: "memory per running container",
        unit: Unit::Kibibytes,
        measured,
        recorded: recorded::CONTAINER_KIB,
        bound: Bound::Part(1.0, 10.0),
        method: "PSS of the daemon and all that it started (keeper; containerd and shims), the containers' own processes \
                 left out, 3 s after 100 run, less the same before the first of them, divided by 100",
    }
}
