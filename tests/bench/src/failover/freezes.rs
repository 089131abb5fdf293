use std::time::{Duration, Instant};

use anyhow::Result;
use skep_harness::Writer;

use super::leader_kills::until_written;
use super::row::Row;
use super::swarm::{MANAGERS, Swarm};
use crate::patience::{rest, until};

/// How long a leader is frozen.
const FROZEN: Duration = Duration::from_secs(5);
/// At most this long nothing is acknowledged: what a client waits for a frozen manager before it asks another one, and an
/// election.
const GAP_SECONDS_MAX: f64 = 5.0;

/// Freezes the leader for five seconds (SIGSTOP), lets it go on, and looks whether it follows.
pub(crate) fn freezes(swarm: &mut Swarm, rounds: u32) -> Result<Row> {
    let writer = Writer::start(swarm.sockets(), "freeze");
    let (mut moments, mut faults) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        swarm.until_whole()?;
        let leader = swarm.leader()?;
        let others: Vec<u8> = (0..MANAGERS).filter(|number| *number != leader).collect();
        moments.push(Instant::now());
        swarm.host(leader).set_frozen(true)?;
        let rested = rest(FROZEN);
        let next = rested.and_then(|()| swarm.leader_seen_by(&others));
        swarm.host(leader).set_frozen(false)?;
        let next = next?;
        if next == leader {
            faults.push(format!("round {round}: the frozen host still led after {} s", FROZEN.as_secs()));
        }
        until("the old leader knows the new one", Duration::from_millis(20), || {
            Ok((swarm.leader_seen_by(&[leader])? == swarm.leader_seen_by(&others)?).then_some(()))
        })?;
        until_written(&writer, 20)?;
        eprintln!("{}: freeze {round}/{rounds}", swarm.name());
    }
    swarm.until_whole()?;
    moments.push(Instant::now());
    let record = writer.stop();
    faults.extend(swarm.faults(&record));
    Ok(Row {
        side: swarm.name(),
        title: "leader frozen for 5 s: longest time without an acknowledged write",
        samples: record.longest_gaps(&moments).into_iter().collect(),
        quantile: 1.0,
        seconds_max: GAP_SECONDS_MAX,
        faults,
        note: format!(
            "{} writes acknowledged; the client asks another manager after 2 s without an answer",
            record.acknowledged().len()
        ),
    })
}
