use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::row::Row;
use super::swarm::{MANAGERS, Swarm};
use crate::patience::{rest, until};
use crate::samples::Samples;
use crate::workload::Service;

/// Tasks of the service of which a worker loses some, over five hosts.
const REPLICAS: u32 = 10;
/// At most this long until all run elsewhere, in seconds.
const ELSEWHERE_SECONDS_MAX: f64 = 10.0;

/// Kills a worker with all that it runs, and waits until its tasks are reported as running elsewhere.
pub(crate) fn worker_kills(swarm: &mut Swarm, kills: u32) -> Result<Row> {
    let (mut times, mut lost_counts) = (Samples::default(), Vec::new());
    let others = swarm.running().len();
    let all = others + usize::try_from(REPLICAS)?;
    for kill in 1..=kills {
        let api = swarm.api(0);
        let service = Service::create(&api, &format!("lost{kill}"), REPLICAS)?;
        swarm.until_running(all)?;
        let worker = MANAGERS + u8::try_from(kill % 2)?;
        let node = swarm.node_id(worker)?;
        let of_it = |tasks: &BTreeSet<(String, String)>| tasks.iter().filter(|task| task.1 == node).count();
        lost_counts.push(of_it(&swarm.running()));
        swarm.host_mut(worker).kill_everything()?;
        let killed = Instant::now();
        until("they run elsewhere", Duration::from_millis(20), || {
            let running = swarm.running();
            Ok((running.len() == all && of_it(&running) == 0).then_some(()))
        })?;
        times.push(killed.elapsed().as_secs_f64());
        eprintln!("{}: worker kill {kill}/{kills}: {:.2} s", swarm.name(), killed.elapsed().as_secs_f64());
        swarm.host_mut(worker).start()?;
        swarm.until_whole()?;
        service.delete()?;
        swarm.until_running(others)?;
        rest(Duration::from_secs(1))?;
    }
    Ok(Row {
        side: swarm.name(),
        title: "worker killed with all it runs: its tasks run elsewhere",
        samples: times,
        quantile: 1.0,
        seconds_max: ELSEWHERE_SECONDS_MAX,
        faults: Vec::new(),
        note: format!("tasks it had each time: {lost_counts:?}"),
    })
}
