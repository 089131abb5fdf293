use std::time::{Duration, Instant};

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, RngCore, SeedableRng};

use super::row::Row;
use super::swarm::{MANAGERS, Swarm};
use crate::patience::rest;
use crate::samples::Samples;

/// At most this long until somebody leads once most managers are started, in seconds.
const LEADER_SECONDS_MAX: f64 = 10.0;
/// Pauses between two managers are shorter.
const PAUSE_MS_MAX: u64 = 500;

/// Stops or kills all managers in any order, and starts them in any order, with pauses between them.
pub(crate) fn restarts(swarm: &mut Swarm, schedules: u32, seed: Option<u64>) -> Result<Row> {
    let seed = seed.unwrap_or_else(|| StdRng::from_os_rng().next_u64());
    let mut random = StdRng::seed_from_u64(seed);
    let before = swarm.running();
    let mut times = Samples::default();
    for schedule in 1..=schedules {
        times.push(once(swarm, &mut random)?);
        eprintln!("{}: schedule {schedule}/{schedules} of seed {seed}", swarm.name());
    }
    swarm.until_whole()?;
    let kept = before.intersection(&swarm.until_running(before.len())?).count();
    let replaced = before.len() - kept;
    let fault = (replaced > 0).then(|| format!("{replaced} of {} tasks were replaced", before.len()));
    Ok(Row {
        side: swarm.name(),
        title: "all managers stopped and started: start of the one that makes a majority, until one leads",
        samples: times,
        quantile: 1.0,
        seconds_max: LEADER_SECONDS_MAX,
        faults: Vec::from_iter(fault),
        note: format!("--seed {seed}"),
    })
}

/// Seconds from the moment at which the daemon is started with which most are up, until one of them leads. The start
/// counts, because Docker's API answers only when there is a leader.
fn once(swarm: &mut Swarm, random: &mut StdRng) -> Result<f64> {
    let mut order = Vec::from_iter(0..MANAGERS);
    order.shuffle(random);
    for number in &order {
        pause(random)?;
        if random.random() {
            swarm.host_mut(*number).stop()?;
        } else {
            swarm.host_mut(*number).kill()?;
        }
    }
    order.shuffle(random);
    let (most, rest_of_them) = order.split_at(usize::from(MANAGERS / 2 + 1));
    let mut last_started = Instant::now();
    for number in most {
        pause(random)?;
        last_started = Instant::now();
        swarm.host_mut(*number).start()?;
    }
    swarm.leader_seen_by(most)?;
    let took = last_started.elapsed().as_secs_f64();
    for number in rest_of_them {
        pause(random)?;
        swarm.host_mut(*number).start()?;
    }
    Ok(took)
}

fn pause(random: &mut StdRng) -> Result<()> {
    rest(Duration::from_millis(random.random_range(0..PAUSE_MS_MAX)))
}
