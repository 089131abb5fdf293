use std::time::Instant;

use anyhow::{Result, ensure};

use crate::daemon::Daemon;
use crate::pair::{Measured, Pair};
use crate::recorded;
use crate::row::{Bound, Row};
use crate::unit::Unit;
use crate::workload::Service;

/// How many services there are, and how many tasks of each, which no node can take.
const SERVICES: u32 = 500;
const TASKS: u32 = 40;

/// How long the lists take that operators look at most, where there are many tasks. The daemons are new ones.
pub(crate) fn list(rounds: u32, with_docker: bool) -> Result<Vec<Row>> {
    let pair = Pair::start(with_docker)?;
    pair.round("list, to make the services", Unit::Seconds, &mut Measured::default(), fill)?;
    let (mut services, mut tasks) = (Measured::default(), Measured::default());
    // Not in turns: after a long list of its own, Docker still collects garbage while the next one is measured.
    for (what, path, into) in [
        ("services", "/services?status=true", &mut services),
        // The filters {"service":["list250"]}.
        ("tasks", "/tasks?filters=%7B%22service%22%3A%5B%22list250%22%5D%7D", &mut tasks),
    ] {
        for round in 1..=rounds {
            let about = format!("list of {what} {round}/{rounds}");
            pair.round(&about, Unit::Milliseconds, into, |daemon| time_of(daemon, path))?;
        }
    }
    let row = |title, measured, (recorded, bound), method| Row {
        name: "list",
        title,
        unit: Unit::Milliseconds,
        measured,
        recorded,
        bound,
        method,
    };
    Ok(vec![
        row(
            "list 500 services of 20000 tasks",
            services,
            (recorded::SERVICES_SECONDS, Bound::Part(1.0, 2.0)),
            "GET /services?status=true, until the answer is read, with 500 services of 40 tasks each that no node can take",
        ),
        row(
            "list the tasks of one of them",
            tasks,
            // A thousandth of a second each: most of it is what any call takes.
            (recorded::TASKS_SECONDS, Bound::Part(3.0, 2.0)),
            "GET /tasks of one of these services, by its name, until the answer is read",
        ),
    ])
}

/// How long it takes until the answer is read; what a client then does with it takes both sides the same.
fn time_of(daemon: &Daemon, path: &str) -> Result<f64> {
    let begun = Instant::now();
    let answer = daemon.api().answer("GET", path, "application/json", b"")?;
    let took = begun.elapsed();
    ensure!(answer.status == 200, "GET {path}: {} {}", answer.status, answer.body);
    Ok(took.as_secs_f64())
}

/// How long it took to make them, in seconds.
fn fill(daemon: &Daemon) -> Result<f64> {
    let begun = Instant::now();
    let made = (1..=SERVICES).map(|number| Service::create_pending(daemon.api(), &name(number), TASKS));
    let made = made.collect::<Result<Vec<_>>>()?;
    made.iter().try_for_each(|service| service.wait_for_pending(TASKS))?;
    Ok(begun.elapsed().as_secs_f64())
}

fn name(number: u32) -> String {
    format!("list{number}")
}
