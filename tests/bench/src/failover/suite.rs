use anyhow::{Context, Result};
use skep_harness::{Host, Switch};

use super::arguments::Arguments;
use super::busy::busy;
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

/// Measures ours, then Docker's; each measure is shown to `report` when it is done. Whether all is well.
///
/// # Errors
/// When a daemon does not do its work, or the run is told to stop; all that was started is gone by then.
pub fn run(arguments: &Arguments, mut report: impl FnMut(&Row) -> Result<()>) -> Result<bool> {
    let mut well = true;
    let mut judge = |row: Row| {
        well &= row.holds();
        report(&row)
    };
    side("Skep", arguments, &mut judge, |switch, number| Ok(Box::new(Host::on(switch, number))))?;
    if docker::installed() && !arguments.no_peers {
        let on = |switch: &Switch, number| {
            anyhow::Ok(Box::new(DockerHost::on(switch, number)?) as Box<dyn Machine>)
        };
        side("Docker", &arguments.for_peer(), &mut judge, on)?;
    }
    Ok(well)
}

fn side(
    name: &'static str,
    arguments: &Arguments,
    report: &mut dyn FnMut(Row) -> Result<()>,
    make: impl Fn(&Switch, u8) -> Result<Box<dyn Machine>>,
) -> Result<()> {
    let mut swarm = Swarm::start(name, make)?;
    let done = measures(&mut swarm, arguments, report);
    if done.is_err() {
        swarm.print_logs();
    }
    done.context(name)
}

fn measures(
    swarm: &mut Swarm,
    arguments: &Arguments,
    report: &mut dyn FnMut(Row) -> Result<()>,
) -> Result<()> {
    Service::create(&swarm.api(0), "steady", REPLICAS)?;
    swarm.until_running(REPLICAS.try_into()?)?;
    if arguments.kills > 0 {
        report(leader_kills(swarm, arguments.kills)?)?;
    }
    if arguments.freezes > 0 {
        report(freezes(swarm, arguments.freezes)?)?;
    }
    if arguments.workers > 0 {
        report(worker_kills(swarm, arguments.workers)?)?;
    }
    if arguments.busy > 0 {
        report(busy(swarm, arguments.busy)?)?;
    }
    if arguments.schedules > 0 {
        report(restarts(swarm, arguments.schedules, arguments.seed)?)?;
    }
    Ok(())
}
