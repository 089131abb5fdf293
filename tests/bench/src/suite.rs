use anyhow::Result;

use crate::arguments::Arguments;
use crate::pair::Pair;
use crate::row::Row;
use crate::{docker, machine, measure};

/// All that a run found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What ran it.
    pub(crate) machine: String,
    /// Load averages when it began.
    pub(crate) load_start: String,
    /// And when it ended.
    pub(crate) load_end: String,
    /// The measures.
    pub(crate) rows: Vec<Row>,
    /// What else is to be known.
    pub(crate) notes: Vec<String>,
}

impl Outcome {
    /// Whether every bound holds.
    pub fn holds(&self) -> bool {
        self.rows.iter().all(Row::holds)
    }
}

/// Measures what is asked for.
///
/// # Errors
/// When a daemon does not do its work, or the run is told to stop; all that was started is gone by then.
pub fn run(arguments: &Arguments) -> Result<Outcome> {
    let mut outcome =
        Outcome { machine: machine::description(), load_start: machine::load(), ..Outcome::default() };
    let with_docker = docker::installed() && !arguments.no_peers;
    if !with_docker {
        outcome
            .notes
            .push("Docker was not measured: compared with what is recorded of a quiet machine".to_owned());
    }
    if arguments.asks_for("floor") {
        outcome.notes.extend(measure::floor(arguments.rounds)?);
    }
    if arguments.asks_for("idle") || arguments.asks_for("pending") {
        outcome.rows.extend(measure::fresh(arguments, with_docker)?);
    }
    if arguments.asks_for("list") {
        outcome.rows.extend(measure::list(arguments.rounds, with_docker)?);
    }
    if ["task", "cpu", "hundred"].iter().any(|name| arguments.asks_for(name)) {
        running(arguments, &Pair::start(with_docker)?, &mut outcome)?;
    }
    outcome.load_end = machine::load();
    Ok(outcome)
}

/// What is measured on one pair of daemons, one after the other.
fn running(arguments: &Arguments, pair: &Pair, outcome: &mut Outcome) -> Result<()> {
    if arguments.asks_for("task") {
        outcome.rows.push(measure::task(pair, arguments.rounds)?);
    }
    if arguments.asks_for("cpu") {
        outcome.rows.push(measure::cpu(pair, arguments.long_rounds())?);
    }
    if arguments.asks_for("hundred") {
        outcome.rows.extend(measure::hundred(pair, arguments.long_rounds())?);
    }
    Ok(())
}
