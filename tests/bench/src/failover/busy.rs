use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{available_parallelism, scope};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::leader_kills::tasks_lost;
use super::row::Row;
use super::swarm::{MANAGERS, Swarm};
use crate::patience::rest;
use crate::samples::Samples;

/// How often a manager is asked how the nodes are, each in turn.
const PERIOD: Duration = Duration::from_millis(100);
/// At most this long an answer takes, in seconds: 99 of 100 times.
const ANSWER_SECONDS_MAX: f64 = 2.0;

/// Keeps every core busy for some minutes while nothing is wrong: a node that is taken for lost in this time is a fault.
pub(crate) fn busy(swarm: &Swarm, minutes: u32) -> Result<Row> {
    let before = swarm.running();
    let stop = AtomicBool::new(false);
    let cores = available_parallelism()?.get();
    let (mut times, mut faults) = (Samples::default(), Vec::new());
    scope(|scope| -> Result<()> {
        for _ in 0..cores {
            scope.spawn(|| spin(&stop));
        }
        let watched = watch(swarm, minutes, &mut times, &mut faults);
        stop.store(true, Ordering::Relaxed);
        watched
    })?;
    faults.extend(tasks_lost(&before, &swarm.until_running(before.len())?));
    Ok(Row {
        side: swarm.name(),
        title: "all cores busy: a manager says how the nodes are",
        samples: times,
        quantile: 0.99,
        seconds_max: ANSWER_SECONDS_MAX,
        faults,
        note: format!("{cores} threads spun for {minutes} min; a node that is not ready is a fault"),
    })
}

fn spin(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        for number in 0..10_000_u64 {
            std::hint::black_box(number);
        }
    }
}

/// Looks at the nodes again and again.
fn watch(swarm: &Swarm, minutes: u32, times: &mut Samples, faults: &mut Vec<String>) -> Result<()> {
    let began = Instant::now();
    let mut said = 0;
    for asked in (0..MANAGERS).cycle() {
        let (passed, looked) = (began.elapsed(), Instant::now());
        if passed >= Duration::from_secs(60) * minutes {
            break;
        }
        let unready = swarm.unready(asked);
        times.push(looked.elapsed().as_secs_f64());
        faults.extend(unready.into_iter().map(|what| format!("after {:.1} s: {what}", passed.as_secs_f64())));
        if passed.as_secs() / 60 > said {
            said = passed.as_secs() / 60;
            eprintln!("{}: busy for {said}/{minutes} min, {} faults", swarm.name(), faults.len());
        }
        rest(PERIOD)?;
    }
    Ok(())
}
