use std::time::{Duration, Instant};

use anyhow::Result;

use crate::daemon::Daemon;
use crate::pair::{Measured, Pair};
use crate::patience::rest;
use crate::recorded;
use crate::row::{Bound, Row};
use crate::unit::Unit;
use crate::workload::Service;

/// How long one task takes from the call that creates its service until it is reported as running.
pub(crate) fn task(pair: &Pair, rounds: u32) -> Result<Row> {
    let mut measured = Measured::default();
    // The first of all starts on cold caches and, with Docker, makes networks.
    pair.round("task, to warm up", Unit::Milliseconds, &mut Measured::default(), once)?;
    for round in 1..=rounds {
        pair.round(&format!("task {round}/{rounds}"), Unit::Milliseconds, &mut measured, once)?;
    }
    Ok(Row {
        name: "task",
        title: "one task, create to running",
        unit: Unit::Milliseconds,
        measured,
        recorded: recorded::TASK_SECONDS,
        bound: Bound::Part(1.0, 10.0),
        method: "POST /services/create with one replica, then GET /tasks every 5 ms until its state is running",
    })
}

fn once(daemon: &Daemon) -> Result<f64> {
    let start = Instant::now();
    let service = Service::create(daemon.api(), "task", 1)?;
    service.wait_for_task()?;
    let took = start.elapsed();
    service.remove()?;
    rest(Duration::from_millis(300))?;
    Ok(took.as_secs_f64())
}
