use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;
use skep_harness::Writer;

use super::row::Row;
use super::swarm::Swarm;
use crate::patience::{rest, until};

/// So many writes after a kill show that a leader is there again.
const WRITES: usize = 20;
/// Calm before the next kill.
const CALM: Duration = Duration::from_millis(300);
/// At most this long nothing is acknowledged, in seconds: 99 of 100 times.
const GAP_SECONDS_MAX: f64 = 1.5;

/// Kills the leader again and again under a client that writes every 10 ms to any manager; it is started again, and joined
/// again, before the next one is killed.
pub(crate) fn leader_kills(swarm: &mut Swarm, kills: u32) -> Result<Row> {
    let before = swarm.running();
    let writer = Writer::start(swarm.sockets(), "kill");
    let mut moments = Vec::new();
    for kill in 1..=kills {
        swarm.until_whole()?;
        rest(CALM)?;
        let leader = swarm.leader()?;
        moments.push(Instant::now());
        swarm.host_mut(leader).kill()?;
        until_written(&writer, WRITES)?;
        swarm.host_mut(leader).start()?;
        eprintln!("{}: leader kill {kill}/{kills}, {} writes so far", swarm.name(), writer.count());
    }
    swarm.until_whole()?;
    moments.push(Instant::now());
    let record = writer.stop();
    let mut faults = swarm.faults(&record);
    faults.extend(tasks_lost(&before, &swarm.until_running(before.len())?));
    Ok(Row {
        side: swarm.name(),
        title: "leader killed: longest time without an acknowledged write",
        samples: record.longest_gaps(&moments).into_iter().collect(),
        quantile: 0.99,
        seconds_max: GAP_SECONDS_MAX,
        faults,
        note: format!(
            "{} writes acknowledged, looked for at every manager afterwards",
            record.acknowledged().len()
        ),
    })
}

/// Waits until so many more are acknowledged.
pub(crate) fn until_written(writer: &Writer, more: usize) -> Result<()> {
    let wanted = writer.count() + more;
    until("writes are acknowledged", Duration::from_millis(10), || {
        Ok((writer.count() >= wanted).then_some(()))
    })
}

/// What to say when tasks were replaced.
pub(crate) fn tasks_lost(
    before: &BTreeSet<(String, String)>,
    after: &BTreeSet<(String, String)>,
) -> Option<String> {
    let lost = before.difference(after).count();
    (lost > 0).then(|| format!("{lost} of {} tasks did not run on and were replaced", before.len()))
}
