use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;

use crate::arguments::Arguments;
use crate::daemon::Daemon;
use crate::pair::{Measured, Pair};
use crate::patience::rest;
use crate::recorded;
use crate::row::{Bound, Row};
use crate::unit::Unit;
use crate::workload::Service;

const PENDING: u32 = 10_000;
/// How long a side rests before its memory is looked at.
const SETTLE: Duration = Duration::from_secs(5);

/// What a daemon costs that was just started, and what tasks cost it that no node can take. Each round has new daemons: what
/// others left free in them would hide what is asked for.
pub(crate) fn fresh(arguments: &Arguments, with_docker: bool) -> Result<Vec<Row>> {
    let (mut idle, mut pending) = (Measured::default(), Measured::default());
    let rounds = arguments.long_rounds();
    for round in 1..=rounds {
        let pair = Pair::start(with_docker)?;
        let mut before = BTreeMap::new();
        pair.round(&format!("idle {round}/{rounds}"), Unit::Mebibytes, &mut idle, |daemon| {
            rest(SETTLE)?;
            let memory = daemon.memory_kib()?;
            before.insert(daemon.name(), memory);
            Ok(memory)
        })?;
        if arguments.asks_for("pending") {
            pair.round(&format!("pending {round}/{rounds}"), Unit::Kibibytes, &mut pending, |daemon| {
                let before = before.get(daemon.name()).copied().unwrap_or(f64::NAN);
                Ok((with_pending(daemon)? - before) / f64::from(PENDING))
            })?;
        }
    }
    let rows = [idle_row(idle), pending_row(pending)];
    Ok(rows.into_iter().filter(|row| arguments.asks_for(row.name)).collect())
}

fn with_pending(daemon: &Daemon) -> Result<f64> {
    let service = Service::create_pending(daemon.api(), "pending", PENDING)?;
    service.wait_for_pending(PENDING)?;
    rest(SETTLE)?;
    daemon.memory_kib()
}

fn idle_row(measured: Measured) -> Row {
    Row {
        name: "idle",
        title: "idle daemon, manager and worker",
        unit: Unit::Mebibytes,
        measured,
        recorded: recorded::IDLE_KIB,
        bound: Bound::Part(1.0, 4.0),
        method: "PSS of a new daemon and all that it started (keeper; containerd), 5 s after it made a swarm and took the \
                 image",
    }
}

fn pending_row(measured: Measured) -> Row {
    Row {
        name: "pending",
        title: "memory per pending task",
        unit: Unit::Kibibytes,
        measured,
        recorded: recorded::PENDING_KIB,
        bound: Bound::Size(1.5),
        method: "growth of the same PSS in a new daemon by a service of 10000 tasks that reserve more memory than the node \
                 has, 5 s after the last is pending, divided by 10000",
    }
}
