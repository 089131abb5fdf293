use std::time::Duration;

use anyhow::Result;

use crate::daemon::Daemon;
use crate::pair::{Measured, Pair};
use crate::patience::rest;
use crate::recorded;
use crate::row::{Bound, Row};
use crate::unit::Unit;
use crate::workload::Service;

/// Containers of a service before and after it is scaled.
const BEFORE: u32 = 1;
const AFTER: u32 = 31;
/// How long work goes on behind the report that all run.
const SETTLE: Duration = Duration::from_secs(1);

/// CPU time of everything for the start of one container.
pub(crate) fn cpu(pair: &Pair, rounds: u32) -> Result<Row> {
    let mut measured = Measured::default();
    for round in 1..=rounds {
        pair.round(&format!("cpu {round}/{rounds}"), Unit::Milliseconds, &mut measured, once)?;
    }
    Ok(Row {
        name: "cpu",
        title: "CPU time per container start",
        unit: Unit::Milliseconds,
        measured,
        recorded: recorded::CPU_SECONDS,
        bound: Bound::Part(40.0, 323.0),
        method: "cpuacct of the daemon, all that it starts, and its containers, while a service grows from 1 to 31 \
                 replicas and for one second more, divided by 30",
    })
}

fn once(daemon: &Daemon) -> Result<f64> {
    let mut service = Service::create(daemon.api(), "cpu", BEFORE)?;
    let container = service.wait_for_task()?;
    rest(SETTLE)?;
    let before = daemon.cpu_used(container)?;
    service.scale(AFTER)?;
    service.wait_for_count(AFTER)?;
    rest(SETTLE)?;
    let used = daemon.cpu_used(container)?.saturating_sub(before);
    service.remove()?;
    rest(SETTLE)?;
    Ok(used.as_secs_f64() / f64::from(AFTER - BEFORE))
}
