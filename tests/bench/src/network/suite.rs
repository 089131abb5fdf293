use anyhow::{Context, Result};

use super::arguments::Arguments;
use super::measure::Measure;
use super::row::Row;
use super::{bad_links, connections, cycles, dns, faults, starts, throughput};
use crate::machine;

/// Takes the measures that are asked for; each is shown to `report` when it is done. Whether all is well.
///
/// # Errors
/// When a host does not do its work, or the run is told to stop; all that was started is gone by then.
pub fn run(arguments: &Arguments, mut report: impl FnMut(&Row) -> Result<()>) -> Result<bool> {
    let mut well = true;
    for measure in [
        Measure::Connections,
        Measure::Throughput,
        Measure::Starts,
        Measure::Cycles,
        Measure::Dns,
        Measure::BadLinks,
        Measure::Faults,
    ] {
        if !arguments.includes(measure) {
            continue;
        }
        let before = machine::load();
        let mut row = take(measure, arguments).with_context(|| format!("{measure:?}"))?;
        row.say(format!("{}; load {before} before, {} after", machine::description(), machine::load()));
        well &= row.holds();
        report(&row)?;
    }
    Ok(well)
}

fn take(measure: Measure, arguments: &Arguments) -> Result<Row> {
    match measure {
        Measure::Connections => connections::measure(arguments.connections),
        Measure::Throughput => throughput::measure(arguments),
        Measure::Starts => starts::measure(arguments.rounds),
        Measure::Cycles => cycles::measure(arguments.cycles),
        Measure::Dns => dns::measure(arguments.changes),
        Measure::BadLinks => bad_links::measure(arguments.minutes),
        Measure::Faults => faults::measure(),
    }
}
