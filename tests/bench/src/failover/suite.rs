use anyhow::{Context, Result};
use skep_harness::{Host, Switch};

use super::arguments::Arguments;
use super::docker_host::DockerHost;
use super::freezes::freezes;
use super::leader_kills::leader_kills;
use super::machine::Machine;
use super::restarts::restarts;
use super::row::Row;
use super::swarm::Swarm;
use super::worker_kills::worker_kills;
use crate::docker;
use crate::workload::Service;

/// Tasks that are to run on whatever happens.
const REPLICAS: u32 = 30;

/// Measures ours, then Docker's.
///
/// # Errors
/// When a daemon does not do its work, or the run is told to stop; all that was started is gone by then.
pub fn run(arguments: &Arguments) -> Result<Vec<Row>> {
    let mut rows = side("Skep", arguments, |switch, number| Ok(Box::new(Host::on(switch, number))))?;
    if docker::installed() && !arguments.no_peers {
        let on = |switch: &Switch, number| {
            anyhow::Ok(Box::new(DockerHost::on(switch, number)?) as Box<dyn Machine>)
        };
        rows.extend(side("Docker", &arguments.for_peer(), on)?);
    }
    Ok(rows)
}

fn side(
    name: &'static str,
    arguments: &Arguments,
    make: impl Fn(&Switch, u8) -> Result<Box<dyn Machine>>,
) -> Result<Vec<Row>> {
    let mut swarm = Swarm::start(name, make)?;
    let rows = measures(&mut swarm, arguments);
    if rows.is_err() {
        swarm.print_logs();
    }
    rows.context(name)
}

fn measures(swarm: &mut Swarm, arguments: &Arguments) -> Result<Vec<Row>> {
    Service::create(&swarm.api(0), "steady", REPLICAS)?;
    swarm.until_running(REPLICAS.try_into()?)?;
    let mut rows = Vec::new();
    if arguments.kills > 0 {
        rows.push(leader_kills(swarm, arguments.kills)?);
    }
    if arguments.freezes > 0 {
        rows.push(freezes(swarm, arguments.freezes)?);
    }
    if arguments.workers > 0 {
        rows.push(worker_kills(swarm, arguments.workers)?);
    }
    if arguments.schedules > 0 {
        rows.push(restarts(swarm, arguments.schedules, arguments.seed)?);
    }
    Ok(rows)
}
